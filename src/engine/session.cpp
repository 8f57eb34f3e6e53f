#include "engine/session.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "engine/activation_callback.h"
#include "engine/cache_type.h"
#include "engine/choice_scoring.h"
#include "engine/generation.h"
#include "engine/logit_rows.h"
#include "engine/session_implementation.h"

namespace scale::engine {

namespace {

void check_options(const Model& model, const SessionOptions& options) {
    if (model.handle().vocabulary_only) throw core::input_error("a model opened for its vocabulary only cannot be run");
    if (options.context < 1 || options.batch < 1 || options.threads < 1 || options.sequences < 1 ||
        options.sequences > static_cast<int>(llama_max_parallel_sequences()))
        throw core::input_error("context, batch, threads and sequences of a session must be positive",
                                "at most " + std::to_string(llama_max_parallel_sequences()) + " sequences");
    if (model.trained_context() > 0 && options.context > model.trained_context())
        throw core::input_error("a context of " + std::to_string(options.context) + " tokens is more than the " +
                                    std::to_string(model.trained_context()) + " that " + model.path().string() +
                                    " was trained for",
                                "a context of at most " + std::to_string(model.trained_context()));
}

// While it lives, passes end before the output head.
class HeadSkipped {
  public:
    explicit HeadSkipped(Session::Implementation& session) : session_(session) { set(true); }
    ~HeadSkipped() { set(false); }
    HeadSkipped(const HeadSkipped&) = delete;
    HeadSkipped& operator=(const HeadSkipped&) = delete;

  private:
    void set(bool skip) {
        session_.observed.head.wanted = skip;
        if (session_.options.tap) skip_head(session_.options.tap->implementation(), skip);
    }
    Session::Implementation& session_;
};

}  // namespace

std::size_t cells_of(const SessionOptions& options) {
    if (options.cells > 0) return static_cast<std::size_t>(options.cells);
    return static_cast<std::size_t>(options.context) * static_cast<std::size_t>(options.sequences);
}

llama_context_params context_parameters(const SessionOptions& options) {
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = static_cast<std::uint32_t>(cells_of(options));
    parameters.n_batch = static_cast<std::uint32_t>(options.batch);
    parameters.n_ubatch = static_cast<std::uint32_t>(options.batch);
    parameters.n_seq_max = static_cast<std::uint32_t>(options.sequences);
    parameters.n_outputs_max = 0;  // as many as the batch
    parameters.n_outputs_max_per_seq = 0;
    parameters.n_threads = options.threads;
    parameters.n_threads_batch = options.threads;
    parameters.kv_unified = true;  // sequences share the cells of a common prefix
    parameters.no_perf = true;
    set_cache_type(parameters, options.kv_type);
    return parameters;
}

Session::Implementation::Implementation(const Model& of, const SessionOptions& wanted) : model(of), options(wanted) {
    check_options(model, options);
    llama_context_params parameters = context_parameters(options);
    if (options.tap) {
        parameters.cb_eval = activation_callback;
        parameters.cb_eval_user_data = &options.tap->implementation();
    }
    if (options.observer) {
        observed.observer = options.observer;
        parameters.cb_eval = observer_callback;
        parameters.cb_eval_user_data = &observed;
    }
    llama_model* engine_model = model.handle().model.get();
    try {
        context.reset(llama_init_from_model(engine_model, parameters));
    } catch (const std::exception&) {  // reported below, as the engine reports it by null too
    }
    if (!context)
        throw core::io_error("the engine cannot make a context of " + std::to_string(parameters.n_ctx) +
                                 " tokens for " + model.path().string(),
                             "memory for the caches and the model's support for them",
                             "lower the context or the number of sequences");
    can_couple = !llama_model_is_recurrent(engine_model) && !llama_model_is_hybrid(engine_model);
}

std::span<const float> Session::Implementation::row(int index) const {
    const float* logits = llama_get_logits_ith(context.get(), index);
    if (!logits) throw core::io_error("the engine gave no logits for row " + std::to_string(index));
    return {logits, static_cast<std::size_t>(model.vocabulary())};
}

void Session::Implementation::clear() {
    llama_memory_clear(llama_get_memory(context.get()), false);
    cached.clear();
}

std::size_t Session::Implementation::keep(std::size_t length) {
    if (length >= cached.size()) return cached.size();
    if (length > 0 && llama_memory_seq_rm(llama_get_memory(context.get()), 0, static_cast<llama_pos>(length), -1)) {
        cached.resize(length);
    } else {
        clear();
    }
    return cached.size();
}

void Session::Implementation::check(std::span<const Token> tokens) const {
    const int vocabulary = model.vocabulary();
    for (const Token token : tokens)
        if (token < 0 || token >= vocabulary)
            throw core::input_error("token " + std::to_string(token) + " is not in the vocabulary of " +
                                    std::to_string(vocabulary));
    if (tokens.size() > static_cast<std::size_t>(options.context))
        throw core::input_error(std::to_string(tokens.size()) + " tokens do not fit the context of " +
                                std::to_string(options.context));
}

Session::Session(const Model& model, const SessionOptions& options)
    : implementation_(std::make_unique<Implementation>(model, options)) {}

Session::~Session() = default;

void Session::logits(std::span<const Token> tokens, std::size_t first, const RowSink& sink) {
    Implementation& self = *implementation_;
    self.check(tokens);
    self.clear();
    Sequences sequence = {0};
    Batch batch;
    // The engine drops positions without logits before the last layer's feed-forward part; a tap must see them all.
    const auto wanted = [&](std::size_t i) {
        return i >= first || self.options.tap != nullptr || self.options.observer != nullptr;
    };
    for (std::size_t begin = 0; begin < tokens.size(); begin += self.batch_limit()) {
        const std::size_t end = std::min(tokens.size(), begin + self.batch_limit());
        batch.clear();
        for (std::size_t i = begin; i < end; ++i) batch.add(tokens[i], static_cast<int>(i), sequence, wanted(i));
        batch.decode(self.context.get());
        for (std::size_t i = std::max(begin, first); i < end; ++i) sink(i, self.row(static_cast<int>(i - begin)));
    }
    self.clear();
}

void Session::run_together(std::span<const std::span<const Token>> texts) {
    Implementation& self = *implementation_;
    std::size_t tokens = 0;
    for (const auto& text : texts) {
        self.check(text);
        tokens += text.size();
    }
    if (texts.size() > static_cast<std::size_t>(self.options.sequences) || tokens > cells_of(self.options))
        throw core::input_error(std::to_string(texts.size()) + " texts of " + std::to_string(tokens) +
                                " tokens do not fit the session");
    self.clear();
    const HeadSkipped skipped(self);
    std::vector<Sequences> sequences;
    for (std::size_t t = 0; t < texts.size(); ++t) sequences.push_back({static_cast<llama_seq_id>(t)});
    Batch batch;
    for (std::size_t t = 0; t < texts.size(); ++t)
        for (std::size_t i = 0; i < texts[t].size(); ++i) {
            if (batch.size() == self.batch_limit()) {
                batch.decode(self.context.get());
                batch.clear();
            }
            // Without logits the engine drops a position before the last layer's feed-forward part.
            batch.add(texts[t][i], static_cast<int>(i), sequences[t], true);
        }
    if (batch.size() > 0) batch.decode(self.context.get());
    self.clear();
}

ChoiceScores Session::continuation_log_probabilities(std::span<const Token> prompt,
                                                     const std::vector<std::vector<Token>>& continuations) {
    const ChoiceItem item{{prompt.begin(), prompt.end()}, continuations};
    return std::move(score_choices(*implementation_, {&item, 1}, {}).front());
}

std::vector<ChoiceScores> Session::score_items(std::span<const ChoiceItem> items,
                                               const std::function<void(std::size_t)>& progress) {
    return score_choices(*implementation_, items, progress);
}

std::vector<Token> Session::generate(std::span<const Token> prompt, int limit) {
    Implementation& self = *implementation_;
    self.check(prompt);
    if (prompt.empty()) throw core::input_error("an empty prompt cannot be continued");
    self.clear();
    Sequences sequence = {0};
    Batch batch;
    for (std::size_t i = 0; i < prompt.size(); ++i) {
        if (batch.size() == self.batch_limit()) {
            batch.decode(self.context.get());
            batch.clear();
        }
        batch.add(prompt[i], static_cast<int>(i), sequence, i + 1 == prompt.size());
    }
    std::vector<Token> generated;
    const std::size_t room = static_cast<std::size_t>(self.options.context) - prompt.size();
    while (generated.size() < static_cast<std::size_t>(std::max(limit, 0))) {
        batch.decode(self.context.get());
        const auto logits = self.row(static_cast<int>(batch.size()) - 1);
        const auto best = static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
        if (self.model.is_end_of_generation(best)) break;
        generated.push_back(best);
        if (generated.size() > room) break;  // the context is full
        batch.clear();
        batch.add(best, static_cast<int>(prompt.size() + generated.size()) - 1, sequence, true);
    }
    self.clear();
    return generated;
}

std::vector<Generation> Session::generate_all(std::span<const GenerationItem> items,
                                              const std::function<void(std::size_t)>& progress) {
    return generate_many(*implementation_, items, progress);
}

double log_probability(std::span<const float> logits, Token token) {
    return static_cast<double>(logits[static_cast<std::size_t>(token)]) - log_normaliser(logits);
}

}  // namespace scale::engine

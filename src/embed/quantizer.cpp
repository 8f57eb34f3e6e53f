#include <algorithm>
#include <scale/quantizer.h>
#include <system_error>

#include "core/error.h"
#include "engine/model.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "hardware/threads.h"
#include "model/gguf.h"
#include "quantize/refine/refine_file.h"

namespace scale::embed {

namespace {

namespace fs = std::filesystem;

// The file in the making, removed unless it was kept.
class Partial {
  public:
    explicit Partial(const fs::path& target) : path_(target.string() + ".partial") {}
    ~Partial() {
        std::error_code ignored;
        fs::remove(path_, ignored);
        quantize::RefineJournal::remove(journal());
    }
    Partial(const Partial&) = delete;
    Partial& operator=(const Partial&) = delete;
    const fs::path& path() const { return path_; }
    fs::path journal() const { return path_.string() + ".journal"; }

  private:
    fs::path path_;
};

void report(const QuantizeRequest& request, double done, double total, const std::string& what) {
    if (request.progress) request.progress(done, total, what);
}

std::vector<model::TokenSequence> sequences_of(const engine::Model& model, const QuantizeRequest& request) {
    const auto piece = static_cast<std::size_t>(request.sequence_tokens);
    std::vector<model::TokenSequence> sequences;
    for (const std::string& text : request.texts) {
        const auto tokens = model.tokenize(text, true, true);
        for (std::size_t at = 0; at < tokens.size(); at += piece) {
            sequences.push_back({std::to_string(sequences.size()), "", "", {}});
            const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(at);
            const auto last = tokens.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, tokens.size()));
            sequences.back().tokens.assign(first, last);
        }
    }
    if (sequences.empty())
        throw core::input_error("no calibration text has a token", "texts like those that the model will serve");
    return sequences;
}

engine::Statistics statistics_of(const engine::Model& model, const std::vector<model::TokenSequence>& sequences,
                                 const QuantizeRequest& request, int threads) {
    engine::ActivationTap tap;
    engine::SessionOptions options;
    options.context = request.sequence_tokens;
    options.threads = threads;
    options.tap = &tap;
    engine::Session session(model, options);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        report(request, static_cast<double>(i), static_cast<double>(sequences.size()), "running the texts");
        const std::span<const engine::Token> text(sequences[i].tokens);
        session.run_together({&text, 1});
    }
    return tap.take();
}

}  // namespace

QuantizeResult quantize(const QuantizeRequest& request) {
    if (request.sequence_tokens < 32) throw core::input_error("sequence_tokens is below 32", "32 tokens or more");
    const int threads = hardware::threads_for(request.threads);
    const Partial partial(request.target);
    QuantizeResult result;
    const engine::Model model(request.original);
    const auto sequences = sequences_of(model, request);
    for (const auto& sequence : sequences) result.tokens += sequence.tokens.size();
    const engine::Statistics statistics = statistics_of(model, sequences, request, threads);

    engine::QuantizeOptions options;
    options.mix = request.mix;
    options.statistics = &statistics;
    options.threads = threads;
    engine::quantize(request.original, partial.path(), options);
    if (request.refine) {
        quantize::RefineRequest refinement;
        refinement.original = request.original;
        refinement.target = partial.path();
        refinement.journal = partial.journal();
        refinement.options.threads = threads;
        const auto lines = quantize::refine_file(
            refinement, sequences,
            [&](double done, double total, const std::string&) { report(request, done, total, "rounding"); });
        result.considered = static_cast<int>(lines.size());
        result.refined =
            static_cast<int>(std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.refined; }));
    }
    fs::rename(partial.path(), request.target);
    const model::GgufFile written(request.target);
    result.bytes = written.file_bytes();
    result.bits_per_weight = 8 * static_cast<double>(written.file_bytes()) / static_cast<double>(written.parameters());
    return result;
}

}  // namespace scale::embed

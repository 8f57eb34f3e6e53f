#include "quantize/statistics_job.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/activations.h"
#include "engine/model.h"
#include "engine/session.h"
#include "model/token_set.h"
#include "quantize/checkpoint.h"
#include "quantize/examine/halves.h"
#include "quantize/examine/inputs.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view source = "the request to quantize.statistics";

template <typename T>
T setting(const core::Json& request, const char* key) {
    return core::required<T>(request, key, std::string(source));
}

std::vector<model::TokenSequence> read_set(const fs::path& path, const engine::Model& model) {
    std::vector<model::TokenSequence> set = model::parse_token_set(core::read_file(path), "the calibration set");
    if (set.empty()) throw core::input_error("the calibration set is empty", {}, "scale assemble");
    const int vocabulary = model.vocabulary();
    for (const model::TokenSequence& sequence : set)
        for (const std::int32_t token : sequence.tokens)
            if (token >= vocabulary)
                throw core::input_error(fmt::format("sample {} has token {}; the model's vocabulary has {}",
                                                    sequence.id, token, vocabulary),
                                        "a set made with this model's tokenizer", "scale assemble");
    return set;
}

// Sequences longer than the model was trained for are cut there.
int cut_to_context(std::vector<model::TokenSequence>& set, int trained_context) {
    std::size_t longest = 1;
    for (model::TokenSequence& sequence : set) {
        if (trained_context > 0 && sequence.tokens.size() > static_cast<std::size_t>(trained_context))
            sequence.tokens.resize(static_cast<std::size_t>(trained_context));
        longest = std::max(longest, sequence.tokens.size());
    }
    return static_cast<int>(longest);
}

}  // namespace

core::Json statistics_job(const core::Json& request, engine::JobContext& context) {
    const fs::path target = setting<std::string>(request, "target");
    const auto every = std::max<std::uint64_t>(1, setting<std::uint64_t>(request, "every"));
    const engine::Model model(setting<std::string>(request, "model"));
    std::vector<model::TokenSequence> set = read_set(setting<std::string>(request, "set"), model);
    const int longest = cut_to_context(set, model.trained_context());

    CheckpointFile file(target, setting<std::string>(request, "fingerprint"));
    Checkpoint at = file.load();
    if (at.sequences > set.size()) at = {};
    const std::uint64_t resumed_at = at.sequences;
    engine::ActivationTap tap;
    engine::SessionOptions options;
    options.context = longest;
    options.threads = setting<int>(request, "threads");
    options.tap = &tap;
    engine::Session session(model, options);
    const double total = static_cast<double>(model::count_tokens(set));
    while (at.sequences < set.size()) {
        const auto& tokens = set[at.sequences].tokens;
        engine::Statistics& half = at.halves[at.sequences % 2];
        tap.restore(std::move(half));
        // Logits of every position, so that the output layer's inputs are seen at every position too.
        session.logits(tokens, 0, [](std::size_t, std::span<const float>) {});
        half = tap.take();
        require_finite(half, fmt::format("{} ({})", at.sequences + 1, set[at.sequences].id));
        at.tokens += tokens.size();
        ++at.sequences;
        if (at.sequences % every == 0 && at.sequences < set.size()) file.save(at);
        context.progress(static_cast<double>(at.tokens), total,
                         fmt::format("sample {} of {}", at.sequences, set.size()));
    }
    const record::StatisticsStability stability = stability_of(at.halves[0], at.halves[1], at.sequences);
    engine::write_statistics(target, sum_of(std::move(at.halves[0]), at.halves[1]));
    file.remove();
    return {{"tokens", at.tokens}, {"sequences", at.sequences}, {"resumed_at", resumed_at}, {"stability", stability}};
}

}  // namespace scale::quantize

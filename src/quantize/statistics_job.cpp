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
#include "quantize/text_packs.h"

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

// The first pack that the checkpoint does not hold; a checkpoint that ends inside a pack is dropped.
std::vector<TextPack>::const_iterator first_to_run(const std::vector<TextPack>& packs, Checkpoint& at) {
    std::uint64_t sequences = 0;
    auto next = packs.begin();
    while (next != packs.end() && sequences < at.sequences) sequences += next++->texts.size();
    if (sequences == at.sequences) return next;
    at = {};
    return packs.begin();
}

// Where sums are no longer finite, the texts of the pack run again one by one to find the one to name.
void require_finite_pack(const engine::Statistics& half, const TextPack& pack,
                         const std::vector<model::TokenSequence>& set, engine::Session& session,
                         engine::ActivationTap& tap) {
    const auto name = [&](std::size_t i) { return fmt::format("{} ({})", i + 1, set[i].id); };
    try {
        require_finite(half, name(pack.texts.front()));
    } catch (const core::Error&) {
        for (const std::size_t i : pack.texts) {
            const std::span<const engine::Token> text(set[i].tokens);
            session.run_together({&text, 1});
            require_finite(tap.take(), name(i));
        }
        throw;
    }
}

}  // namespace

core::Json statistics_job(const core::Json& request, engine::JobContext& context) {
    const fs::path target = setting<std::string>(request, "target");
    const auto every = std::max<std::uint64_t>(1, setting<std::uint64_t>(request, "every"));
    const engine::Model model(setting<std::string>(request, "model"));
    std::vector<model::TokenSequence> set = read_set(setting<std::string>(request, "set"), model);
    const std::size_t longest = cut_to_context(set, model.trained_context());

    const std::vector<TextPack> packs = pack_texts(set);
    CheckpointFile file(target, setting<std::string>(request, "fingerprint"));
    Checkpoint at = file.load();
    auto next = first_to_run(packs, at);
    const std::uint64_t resumed_at = at.sequences;
    engine::ActivationTap tap;
    engine::SessionOptions options = pack_session(longest, setting<int>(request, "threads"));
    options.tap = &tap;
    engine::Session session(model, options);
    const double total = static_cast<double>(model::count_tokens(set));
    std::uint64_t saved = at.sequences;
    for (; next != packs.end(); ++next) {
        engine::Statistics& half = at.halves[static_cast<std::size_t>(next->half)];
        tap.restore(std::move(half));
        session.run_together(texts_of(*next, set));
        half = tap.take();
        require_finite_pack(half, *next, set, session, tap);
        for (const std::size_t i : next->texts) at.tokens += set[i].tokens.size();
        at.sequences += next->texts.size();
        if (at.sequences - saved >= every && at.sequences < set.size()) {
            file.save(at);
            saved = at.sequences;
        }
        context.progress(static_cast<double>(at.tokens), total,
                         fmt::format("{} of {} samples", at.sequences, set.size()));
    }
    const record::StatisticsStability stability = stability_of(at.halves[0], at.halves[1], at.sequences);
    engine::write_statistics(target, sum_of(std::move(at.halves[0]), at.halves[1]));
    file.remove();
    return {{"tokens", at.tokens}, {"sequences", at.sequences}, {"resumed_at", resumed_at}, {"stability", stability}};
}

}  // namespace scale::quantize

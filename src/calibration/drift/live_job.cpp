#include "calibration/drift/live_job.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "calibration/channels/channels_job.h"
#include "core/error.h"

namespace scale::calibration {

namespace {

using Texts = std::vector<std::vector<engine::Token>>;

constexpr std::size_t longest_text = 512;  // tokens; keeps the original's logits of one text in memory

std::vector<std::size_t> lengths_of(const Texts& texts) {
    std::vector<std::size_t> lengths;
    for (const auto& text : texts) lengths.push_back(text.size());
    return lengths;
}

std::span<const engine::Token> first_of(const std::vector<engine::Token>& text, std::size_t cut) {
    return std::span(text).first(std::min(cut, text.size()));
}

}  // namespace

core::Json live_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to calibration.live";
    const auto tokens = core::required<std::size_t>(request, "tokens", source);
    const auto set = core::required<Texts>(request, "set", source);
    const std::array<Texts, 2> sides{core::required<Texts>(request, "held_out", source),
                                     core::required<Texts>(request, "live", source)};
    std::vector<std::size_t> lengths = lengths_of(sides[0]);
    for (const std::size_t length : lengths_of(sides[1])) lengths.push_back(length);
    const std::size_t cut = std::min(longest_text, cut_within(lengths, 2 * tokens));
    const std::size_t set_cut = std::min(longest_text, cut_within(lengths_of(set), tokens));

    LiveRun run(core::required<std::string>(request, "original", source),
                core::required<std::string>(request, "artefact", source),
                core::required<int>(request, "threads", source), static_cast<int>(std::max(cut, set_cut)));
    const auto total = static_cast<double>(set.size() + sides[0].size() + sides[1].size());
    double done = 0;
    for (const auto& text : set) {
        if (!text.empty()) run.learn(first_of(text, set_cut));
        context.progress(++done, total, "calibration samples");
    }
    core::Json result;
    for (std::size_t side = 0; side < 2; ++side) {
        core::Json& runs = result[side == 0 ? "held_out" : "live"] = core::Json::array();
        for (const auto& text : sides[side]) {
            const TextRun one = text.empty() ? TextRun() : run.run(first_of(text, cut));
            runs.push_back({one.above, one.seen, one.kl, one.tokens});
            context.progress(++done, total, side == 0 ? "held-out requests" : "new requests");
        }
    }
    return result;
}

std::vector<TextRun> parse_runs(const core::Json& result, const char* side) {
    std::vector<TextRun> runs;
    for (const auto& one :
         core::required<std::vector<std::array<double, 4>>>(result, side, "the result of calibration.live"))
        runs.push_back({one[0], one[1], one[2], one[3]});
    return runs;
}

}  // namespace scale::calibration

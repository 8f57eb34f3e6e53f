#include "quantize/refine_job.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "model/token_set.h"
#include "quantize/refine/notes.h"
#include "quantize/refine/refine_file.h"

namespace scale::quantize {

namespace {

// Evenly spaced sequences with about `wanted` tokens in all.
std::vector<model::TokenSequence> thinned(std::vector<model::TokenSequence> set, std::uint64_t wanted) {
    const double share =
        static_cast<double>(wanted) / static_cast<double>(std::max<std::uint64_t>(1, model::count_tokens(set)));
    if (share >= 1) return set;
    std::vector<model::TokenSequence> kept;
    for (std::size_t i = 0; i < set.size(); ++i)
        if (std::floor(static_cast<double>(i + 1) * share) > std::floor(static_cast<double>(i) * share))
            kept.push_back(std::move(set[i]));
    return kept;
}

}  // namespace

core::Json refine_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.refine";
    const auto text = [&](const char* key) { return core::required<std::string>(request, key, source); };
    const std::vector<model::TokenSequence> set =
        thinned(model::parse_token_set(core::read_file(text("set")), "the calibration set"),
                core::required<std::uint64_t>(request, "tokens", source));
    RefineRequest order;
    order.original = text("original");
    order.target = text("target");
    order.journal = text("journal");
    order.fingerprint = text("fingerprint");
    order.options.threads = core::required<int>(request, "threads", source);
    const std::size_t resumed_at = RefineJournal(order.journal, order.fingerprint).size();
    const auto lines = refine_file(order, set, [&](double done, double total, const std::string& note) {
        context.progress(done, std::max(total, 1.0), note);
    });
    const auto refined = std::count_if(lines.begin(), lines.end(), [](const RefineLine& line) { return line.refined; });
    return {{"tensors", lines.size()},
            {"refined", refined},
            {"notes", notes_on(lines)},
            {"tokens", model::count_tokens(set)},
            {"resumed_at", resumed_at}};
}

}  // namespace scale::quantize

#include "quantize/refine_job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "model/token_set.h"
#include "quantize/refine/notes.h"
#include "quantize/refine/refine_file.h"
#include "quantize/refine/thinned.h"

namespace scale::quantize {

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

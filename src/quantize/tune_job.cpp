#include "quantize/tune_job.h"

#include <algorithm>
#include <string>

#include "core/file.h"
#include "hardware/probe.h"
#include "model/token_set.h"
#include "quantize/tune/tune_file.h"

namespace scale::quantize {

core::Json tune_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.tune";
    const auto text = [&](const char* key) { return core::required<std::string>(request, key, source); };
    TuneRequest order;
    order.original = text("original");
    order.target = text("target");
    order.options.threads = core::required<int>(request, "threads", source);
    order.options.memory_bytes = hardware::probe().memory_available;
    const TuneResult result =
        tune_file(order, model::parse_token_set(core::read_file(text("set")), "the calibration set"),
                  [&](double done, double total, const std::string& note) {
                      context.progress(done, std::max(total, 1.0), note);
                  });
    return {{"unsupported", result.unsupported}, {"kept", result.kept},
            {"before", result.loss_before},      {"after", result.loss_after},
            {"tokens", result.training_tokens},  {"held_out_tokens", result.held_out_tokens}};
}

}  // namespace scale::quantize

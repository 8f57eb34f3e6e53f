#include "quantize/examine_job.h"

#include <string>

#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/examine/weights.h"

namespace scale::quantize {

core::Json examine_job(const core::Json& request, engine::JobContext& context) {
    const model::GgufFile original(core::required<std::string>(request, "original", "the request to quantize.examine"));
    const auto found = examine_weights(
        original, engine::decode_rows,
        [&](double done, double total, const std::string& tensor) { context.progress(done, total, tensor); });
    return {{"notes", notes_on(found)}};
}

}  // namespace scale::quantize

#include "quantize/check_job.h"

#include <filesystem>
#include <string>

#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "quantize/generation_check.h"
#include "quantize/tensor_check.h"

namespace scale::quantize {

core::Json check_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.check";
    const std::filesystem::path original_path = core::required<std::string>(request, "original", source);
    const std::filesystem::path target = core::required<std::string>(request, "target", source);
    const std::filesystem::path reference_path = request.value("reference", original_path.string());
    const int threads = core::required<int>(request, "threads", source);
    constexpr double compared = 0.6;  // share of the job's time, seen on a 135M model
    const model::GgufFile original(reference_path);
    const model::GgufFile artefact(target);
    const auto tensors = check_tensors(original, artefact, engine::decode_rows,
                                       [&](double done, double total, const std::string& tensor) {
                                           context.progress(compared * done / total, 1, "checking " + tensor);
                                       });
    context.progress(compared, 1, "generating");
    const Generation said = generate_once(target, threads);
    const Generation original_said = generate_once(original_path, threads);
    check_generation(original_said, said);
    return {{"bytes", artefact.file_bytes()},
            {"bits_per_weight", model::summarise(artefact).bits_per_weight},
            {"tensors", tensors},
            {"prompt", generation_prompt},
            {"generated", said.text},
            {"original_generated", original_said.text}};
}

}  // namespace scale::quantize

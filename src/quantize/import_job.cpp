#include "quantize/import_job.h"

#include <string>

#include "core/error.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "quantize/import/import_file.h"

namespace scale::quantize {

namespace {

void require_same_kind(const std::string& original_path, const std::string& trained_path) {
    const model::ModelSummary original = model::summarise(model::GgufFile(original_path));
    const model::ModelSummary trained = model::summarise(model::GgufFile(trained_path));
    if (trained.architecture != original.architecture)
        throw core::input_error("the trained file is a " + trained.architecture + " model", original.architecture);
    if (trained.tokenizer_sha256 != original.tokenizer_sha256)
        throw core::input_error("the trained file has another tokenizer than the original", "the original's own");
}

}  // namespace

core::Json import_job(const core::Json& request, engine::JobContext& context) {
    const auto text = [&](const char* key) {
        return core::required<std::string>(request, key, "the request to quantize.import");
    };
    require_same_kind(text("original"), text("trained"));
    const auto tensors = import_file(
        text("trained"), text("target"), core::required<int>(request, "threads", "the request to quantize.import"),
        [&](double done, double total, const std::string& name) { context.progress(done, total, name); });
    std::uint64_t weights = 0;
    for (const ImportedTensor& tensor : tensors) weights += tensor.weights;
    return {{"tensors", tensors}, {"weights", weights}};
}

}  // namespace scale::quantize

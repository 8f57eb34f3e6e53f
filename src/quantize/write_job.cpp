#include "quantize/write_job.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/activations.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "quantize/generation_check.h"
#include "quantize/tensor_check.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

// Shares of the job's time, seen on a 135M model: writing is most of it.
constexpr double written = 0.75;
constexpr double checked = 0.90;

void sync_file(const fs::path& path) {
    const core::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
}

std::vector<record::TensorCheck> check_file(const model::GgufFile& original, const model::GgufFile& artefact,
                                            engine::JobContext& context) {
    return check_tensors(original, artefact, engine::decode_rows,
                         [&](double done, double total, const std::string& tensor) {
                             context.progress(written + (checked - written) * done / total, 1, "checking " + tensor);
                         });
}

}  // namespace

core::Json write_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.write";
    const fs::path original_path = core::required<std::string>(request, "original", source);
    const fs::path target = core::required<std::string>(request, "target", source);
    const int threads = core::required<int>(request, "threads", source);
    engine::QuantizeOptions options;
    options.mix = core::required<std::string>(request, "mix", source);
    options.threads = threads;
    const engine::Statistics statistics =
        engine::read_statistics(core::required<std::string>(request, "statistics", source));
    options.statistics = &statistics;
    context.progress(0, 1, "writing " + options.mix);
    engine::quantize(original_path, target, options);
    sync_file(target);

    const model::GgufFile original(original_path);
    const model::GgufFile artefact(target);
    const auto tensors = check_file(original, artefact, context);
    context.progress(checked, 1, "generating");
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

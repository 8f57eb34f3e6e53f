#include "quantize/write_job.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "engine/activations.h"
#include "engine/stock_quantize.h"
#include "quantize/examine/fallbacks.h"
#include "quantize/examine/inputs.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

void sync_file(const fs::path& path) {
    const core::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
}

}  // namespace

core::Json write_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.write";
    const fs::path original = core::required<std::string>(request, "original", source);
    const fs::path target = core::required<std::string>(request, "target", source);
    engine::QuantizeOptions options;
    options.mix = core::required<std::string>(request, "mix", source);
    options.types = core::required<engine::TensorTypes>(request, "types", source);
    options.threads = core::required<int>(request, "threads", source);
    const engine::Statistics statistics =
        engine::read_statistics(core::required<std::string>(request, "statistics", source));
    options.statistics = &statistics;
    std::vector<std::string> notes = notes_on(statistics);
    for (std::string& note :
         notes_on(engine::plan_quantization(original, options.mix, {.types = options.types}), options.mix))
        notes.push_back(std::move(note));
    context.progress(0, 1, "writing " + options.mix);
    engine::quantize(original, target, options);
    sync_file(target);
    return {{"bytes", fs::file_size(target)}, {"notes", notes}};
}

}  // namespace scale::quantize

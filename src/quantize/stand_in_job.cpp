#include "quantize/stand_in_job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "model/gguf.h"
#include "quantize/export/checkpoint_writer.h"
#include "quantize/export/group_choice.h"
#include "quantize/export/layer_weights.h"
#include "quantize/export/side_files.h"

namespace scale::quantize {

namespace {

// The layer's matrix, and nothing else of the model, is in memory.
UniformMatrix rounded(const model::GgufFile& file, const SourceModel& source, const UniformGrid& grid,
                      const Module& module) {
    LayerWeights weights(file, source);
    weights.load(module);
    const UniformReader& matrix = weights.matrix(module.tensor);
    const std::vector<float> alike(static_cast<std::size_t>(module.columns), 1.0f);
    return round_uniform_nearest(grid, matrix.weights, matrix.rows, alike);
}

}  // namespace

core::Json stand_in_job(const core::Json& request, engine::JobContext& context) {
    const std::string origin = "the request to quantize.stand_in";
    const auto text = [&](const char* key) { return core::required<std::string>(request, key, origin); };
    const CheckpointFormat* format = find_checkpoint_format(text("format"));
    if (!format) throw core::input_error("no checkpoint format is named '" + text("format") + "'");
    const SourceModel source(text("source"));
    const std::vector<Module> modules = quantised_modules(source);
    const int group = choose_group(*format, modules, core::required<int>(request, "devices", origin));
    const model::GgufFile file(text("original"));
    const UniformGrid grid = grid_of(*format, group, source.type());
    CheckpointWriter writer(text("target"), source, modules, *format, group);
    const auto threads = static_cast<std::size_t>(std::max(core::required<int>(request, "threads", origin), 1));
    for (std::size_t first = 0; first < modules.size(); first += threads) {
        const std::size_t count = std::min(threads, modules.size() - first);
        std::vector<UniformMatrix> matrices(count);
        core::run_tasks(static_cast<int>(count), static_cast<int>(threads), [&](int task) {
            const auto at = static_cast<std::size_t>(task);
            matrices[at] = rounded(file, source, grid, modules[first + at]);
        });
        for (std::size_t i = 0; i < count; ++i) writer.add(modules[first + i], matrices[i]);
        context.progress(static_cast<double>(first + count), static_cast<double>(modules.size()));
    }
    write_side_files(writer.staging(), source, *format, group, text("tool"),
                     stand_in_card(source.folder(), *format, group, text("tool")));
    writer.publish();
    return core::Json::object();
}

}  // namespace scale::quantize

#include "quantize/export_job.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "model/token_set.h"
#include "quantize/export/export_model.h"
#include "quantize/export/group_choice.h"
#include "quantize/export/read_back.h"
#include "quantize/export/side_files.h"
#include "quantize/generation_check.h"
#include "quantize/refine/thinned.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

// Shares of the job's time, seen on a model of 7 million parameters.
constexpr double compared = 0.05, solved = 0.85, proved = 0.95;

const CheckpointFormat& format_named(const std::string& name) {
    if (const CheckpointFormat* format = find_checkpoint_format(name)) return *format;
    throw core::input_error("no checkpoint format is named '" + name + "'",
                            "gptq, gptq-8bit, awq, w4a16, w4a16-asym or w8a8");
}

std::string method_of(const ExportReport& report, const CheckpointFormat& format, std::uint64_t tokens) {
    const auto taken =
        std::count_if(report.folds.begin(), report.folds.end(), [](const FoldLine& fold) { return fold.taken; });
    return fmt::format(
        "{} of {} matrices rounded by error feedback on whole input moments ({} tokens) where better on held-out "
        "moments, the "
        "others to nearest with weighted scales; channels scaled at {} of {} places ({}), where held-out inputs gained",
        report.feedback, report.tensors.size(), tokens, taken, report.folds.size(),
        format.layout == CheckpointFormat::Layout::int_quantized ? "as SmoothQuant" : "as AWQ");
}

std::uint64_t weight_bytes(const fs::path& folder) {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".safetensors") bytes += entry.file_size();
    return bytes;
}

}  // namespace

core::Json export_job(const core::Json& request, engine::JobContext& context) {
    const std::string origin = "the request to quantize.export";
    const auto text = [&](const char* key) { return core::required<std::string>(request, key, origin); };
    const fs::path original = text("original"), twin = text("twin"), target = text("target");
    const int threads = core::required<int>(request, "threads", origin);
    const CheckpointFormat& format = format_named(text("format"));
    const core::Json& names = request.at("provenance");

    const SourceModel source(text("source"));
    const std::vector<Module> modules = quantised_modules(source);
    const int group = choose_group(format, modules, core::required<int>(request, "devices", origin));
    const model::GgufFile original_file(original);
    source.require_same_as(original_file, [&](double share) {
        context.progress(compared * share, 1, "comparing the folder with the GGUF file");
    });
    const auto set = thinned(model::parse_token_set(core::read_file(text("set")), "the calibration set"),
                             core::required<std::uint64_t>(request, "tokens", origin));
    engine::quantize(original, twin, {.mix = "F32", .threads = threads});

    ExportRequest order;
    order.twin = twin;
    order.format = format;
    order.group = group;
    order.fold = core::required<bool>(request, "fold", origin);
    order.options.threads = threads;
    CheckpointWriter writer(target, source, modules, format, group);
    ExportReport report = export_model(order, source, modules, set, writer, [&](double share, const std::string& note) {
        context.progress(compared + (solved - compared) * share, 1, note);
    });
    const std::uint64_t tokens = model::count_tokens(set);
    const std::string method = method_of(report, format, tokens);
    const Provenance from{names.at("tool"),
                          names.at("source_sha256"),
                          names.at("original_sha256"),
                          names.at("set_sha256"),
                          set.size(),
                          tokens,
                          method};
    write_side_files(writer.staging(), source, format, group, from.tool,
                     checkpoint_card(source.folder(), format, group, from));
    writer.publish();
    std::uint64_t weights = 0;
    try {
        weights = read_back(target, source, modules, format, group, twin, [&](double share) {
            context.progress(solved + (proved - solved) * share, 1, "reading the checkpoint back");
        });
    } catch (...) {
        fs::remove_all(target);
        throw;
    }
    context.progress(proved, 1, "generating");
    const Generation said = generate_once(twin, threads), original_said = generate_once(original, threads);
    check_generation(original_said, said);
    const std::vector<std::string> on_devices = notes_on_devices(format, modules, group);
    report.notes.insert(report.notes.end(), on_devices.begin(), on_devices.end());
    return {{"group", group},
            {"parameters", original_file.parameters()},
            {"weight_bytes", weight_bytes(target)},
            {"compared", weights},
            {"tensors", report.tensors},
            {"notes", report.notes},
            {"method", method},
            {"tokens", tokens},
            {"prompt", generation_prompt},
            {"generated", said.text},
            {"original_generated", original_said.text}};
}

}  // namespace scale::quantize

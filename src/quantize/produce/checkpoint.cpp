#include "quantize/produce/checkpoint.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/text.h"
#include "engine/job.h"
#include "model/gguf.h"
#include "model/huggingface/model_folder.h"
#include "quantize/effort.h"
#include "quantize/export/side_files.h"
#include "quantize/packed/checkpoint_format.h"
#include "quantize/produce/publish.h"
#include "quantize/produce/steps.h"
#include "record/tool.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

struct Places {
    fs::path source;           // the original's folder
    std::string twin, folder;  // names in the pass folder
    fs::path made_twin, made_folder;
};

Places places_of(const record::Pass& pass, const fs::path& source, const std::string& format) {
    Places places;
    places.source = source;
    const std::string name = places.source.filename().string();
    places.folder = name + "." + format;
    places.twin = places.folder + ".decoded.gguf";
    places.made_twin = pass.work_folder() / (places.twin + ".partial");
    places.made_folder = pass.work_folder() / "checkpoint";
    return places;
}

bool is_known(const std::map<std::string, std::string>& files, const std::vector<record::Entry>& entries) {
    return std::any_of(entries.begin(), entries.end(), [&](const record::Entry& entry) {
        return entry.kind == record::kind::artefact && entry.payload.get<record::Artefact>().checkpoint.files == files;
    });
}

std::optional<record::Artefact> finished(const record::Pass& pass, const record::Lineage& lineage,
                                         const std::string& format) {
    const record::Entry* entry = lineage.current(record::kind::artefact);
    if (!entry) return std::nullopt;
    auto artefact = entry->payload.get<record::Artefact>();
    const fs::path twin = pass.resolve(artefact.path), folder = pass.resolve(artefact.checkpoint.folder);
    if (artefact.checkpoint.format != format || !fs::is_regular_file(twin) || !fs::is_directory(folder) ||
        core::sha256_file(twin) != artefact.sha256 || file_digests(folder) != artefact.checkpoint.files)
        return std::nullopt;
    return artefact;
}

void publish_folder(const fs::path& made, const fs::path& target) {
    fs::remove_all(target);  // ours: require_free_folder() was passed
    publish(made, target);
}

void require_free_folder(const fs::path& target, const std::map<std::string, std::string>& files,
                         const std::vector<record::Entry>& entries) {
    if (!fs::exists(target) || (fs::is_directory(target) && fs::is_empty(target))) return;
    const auto found = fs::is_directory(target) ? file_digests(target) : std::map<std::string, std::string>();
    if (!found.empty() && (found == files || is_known(found, entries))) return;
    throw core::io_error(target.string() + " exists and is not a checkpoint of this pass",
                         "a free name, since nothing of yours is overwritten",
                         "move that folder away, then scale quantize");
}

void refuse_other_options(const QuantizeOptions& options, const std::string& format) {
    if (options.trained.empty() && !options.wish.any()) return;
    throw core::usage_error("a size, a plan or a trained file for a checkpoint in " + format,
                            "a format alone: its width is fixed", "scale quantize --format " + format);
}

core::Json run_export(const record::Pass& pass, const Order& order, const Places& places, const std::string& format) {
    core::Progress progress("making " + places.folder);
    return engine::run_job("quantize.export",
                           {{"original", order.original.string()},
                            {"source", places.source.string()},
                            {"set", order.set_file.string()},
                            {"tokens", effort_for(model::GgufFile(order.original)).refinement},
                            {"format", format},
                            {"devices", pass.file().deploy.tensor_parallel},
                            {"fold", true},
                            {"twin", places.made_twin.string()},
                            {"target", places.made_folder.string()},
                            {"threads", order.threads},
                            {"provenance",
                             {{"tool", program_name()},
                              {"source_sha256", order.constraint.source_sha256},
                              {"original_sha256", order.original_sha256},
                              {"set_sha256", order.set.set_sha256}}}},
                           pass.work_folder() / "export.log", &progress);
}

record::Artefact describe(const Order& order, const Places& places, const std::string& format, const core::Json& made) {
    record::Artefact artefact;
    artefact.path = places.twin;
    artefact.bytes = fs::file_size(places.made_twin);
    artefact.type = format;
    artefact.original_sha256 = order.original_sha256;
    artefact.statistics_tokens = made.at("tokens").get<std::uint64_t>();
    artefact.method = made.at("method").get<std::string>();
    artefact.rounding = "refined";
    artefact.allocation = "stock";
    artefact.budget = format;
    artefact.tensors = made.at("tensors").get<std::vector<record::TensorCheck>>();
    artefact.prompt = made.at("prompt").get<std::string>();
    artefact.generated = made.at("generated").get<std::string>();
    artefact.original_generated = made.at("original_generated").get<std::string>();
    artefact.sha256 = core::sha256_file(places.made_twin);
    record::Checkpoint& checkpoint = artefact.checkpoint;
    checkpoint.folder = places.folder;
    checkpoint.format = format;
    checkpoint.group = made.at("group").get<int>();
    checkpoint.bytes = made.at("weight_bytes").get<std::uint64_t>();
    checkpoint.bits_per_weight = 8.0 * static_cast<double>(checkpoint.bytes) / made.at("parameters").get<double>();
    checkpoint.compared = made.at("compared").get<std::uint64_t>();
    checkpoint.source_sha256 = order.constraint.source_sha256;
    checkpoint.files = file_digests(places.made_folder);
    artefact.bits_per_weight = checkpoint.bits_per_weight;
    artefact.budget_bytes = checkpoint.bytes;
    return artefact;
}

}  // namespace

void require_format(const std::string& name) {
    if (find_checkpoint_format(name)) return;
    std::vector<std::string> names;
    for (const CheckpointFormat& format : checkpoint_formats()) names.emplace_back(format.name);
    const std::string near = core::nearest(name, names);
    throw core::input_error(fmt::format("no checkpoint format is named '{}'", name),
                            fmt::format("one of {}", fmt::join(names, ", ")),
                            near.empty() ? "name one of them" : fmt::format("did you mean '{}'?", near));
}

fs::path source_folder(const record::Pass& pass) {
    fs::path source = fs::absolute(pass.resolve(pass.file().model.path)).lexically_normal();
    if (!source.has_filename()) source = source.parent_path();  // "model/"
    if (fs::is_directory(source)) return source;
    throw core::input_error(source.string() + " is a GGUF file",
                            "a Hugging Face folder, from which a checkpoint for a GPU server can be made",
                            "set path in [model] to the folder, then scale set");
}

void require_source(const fs::path& source, const record::Constraint& constraint) {
    const std::string found = model::folder_digest(source, "hashing " + source.filename().string());
    if (found == constraint.source_sha256) return;
    throw core::refused(source.string() + " has changed since stage S measured it", "the folder that was measured",
                        "scale set");
}

std::string program_name() {
    const std::string tool = record::tool_name();
    const std::size_t name = tool.find(' '), version = tool.find_first_of(" ,;(", name + 1);
    return tool.substr(0, version);
}

std::string wanted_checkpoint(const record::Decision& decision, const QuantizeOptions& options) {
    const std::string decided = find_checkpoint_format(decision.format) ? decision.format : std::string();
    if (options.checkpoint.empty() || options.checkpoint == decided) return decided;
    require_format(options.checkpoint);
    if (options.wish.because.empty())
        throw core::usage_error(fmt::format("the decision is for {}, and {} is asked for without a reason",
                                            decision.type, options.checkpoint),
                                "a reason that the record can keep",
                                fmt::format("scale quantize --format {} --because \"…\"", options.checkpoint));
    return options.checkpoint;
}

Product produce_checkpoint(record::Pass& pass, const record::WorkLock& lock, const record::Lineage& lineage,
                           const Order& order, const std::string& format, const QuantizeOptions& options) {
    refuse_other_options(options, format);
    if (!options.again)
        if (auto artefact = finished(pass, lineage, format)) return {std::move(*artefact), true};
    const Places places = places_of(pass, source_folder(pass), format);
    require_source(places.source, order.constraint);
    Notes notes;
    examine(pass, order, notes);
    core::require_free_space(pass.folder(), 3 * order.original_bytes,
                             "the checkpoint and the model it decodes to, in F32");
    fs::remove_all(places.made_folder);  // of a run that was killed
    core::Json made;
    try {
        made = run_export(pass, order, places, format);
    } catch (...) {
        std::error_code ignored;
        fs::remove(places.made_twin, ignored);
        throw;
    }
    for (const auto& note : made.at("notes")) notes.push_back(note.get<std::string>());
    record::Artefact artefact = describe(order, places, format, made);
    artefact.notes = notes;
    artefact.because = options.wish.because;
    const fs::path twin = pass.folder() / places.twin, folder = pass.folder() / places.folder;
    require_replaceable(twin, artefact.sha256, lineage.entries);
    require_free_folder(folder, artefact.checkpoint.files, lineage.entries);
    publish_folder(places.made_folder, folder);
    publish(places.made_twin, twin);
    artefact.took = lock.took();
    pass.store().append({record::Stage::calibration, record::kind::artefact, order.parents, core::Json(artefact)});
    return {artefact, false};
}

}  // namespace scale::quantize

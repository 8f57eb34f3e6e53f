#include <algorithm>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "record/payload.h"
#include "record/store.h"
#include "record/tool.h"
#include "report/bundle/archive.h"
#include "report/bundle/bundle.h"
#include "report/bundle/layout.h"
#include "report/handoff/model_card.h"

namespace scale::report {

namespace {

namespace fs = std::filesystem;

constexpr const char* report_name = "scale-report.html";
constexpr const char* card_name = "MODEL_CARD.md";

struct Sources {
    std::vector<BundledFile> files;
    std::map<std::string, fs::path> on_disk;       // by SHA-256
    std::map<std::string, std::string> in_memory;  // likewise
};

void add_text(Sources& sources, const std::string& path, const std::string& bytes) {
    const std::string sha256 = core::sha256_hex(bytes);
    sources.files.push_back({path, sha256, bytes.size(), false});
    sources.in_memory[sha256] = bytes;
}

void add_objects(Sources& sources, const fs::path& pass_folder, const std::vector<std::string>& without) {
    const fs::path folder = pass_folder / ".scale" / "objects";
    if (!fs::exists(folder)) return;
    std::vector<fs::path> found;
    for (const auto& file : fs::recursive_directory_iterator(folder))
        if (file.is_regular_file() && file.path().filename().string().front() != '.') found.push_back(file.path());
    std::sort(found.begin(), found.end());
    for (const fs::path& file : found) {
        const std::string sha256 = file.filename().string();
        if (std::find(without.begin(), without.end(), sha256) != without.end()) continue;
        sources.files.push_back({fs::relative(file, pass_folder).string(), sha256, fs::file_size(file), false});
        sources.on_disk[sha256] = file;
    }
}

void add_artefact(Sources& sources, const fs::path& pass_folder, const record::Artefact& artefact) {
    const fs::path file = pass_folder / artefact.path;
    if (!fs::is_regular_file(file))
        throw core::input_error("the artefact " + artefact.path + " is missing", "the file that the record names",
                                "scale quantize, or --without-weights");
    sources.files.push_back({artefact.path, artefact.sha256, fs::file_size(file), true});
    sources.on_disk[artefact.sha256] = file;
    for (const auto& [name, sha256] : artefact.checkpoint.files) {
        const std::string path = artefact.checkpoint.folder + "/" + name;
        if (!fs::is_regular_file(pass_folder / path))
            throw core::input_error(path + " of the checkpoint is missing", "the folder that the record names",
                                    "scale quantize, or --without-weights");
        sources.files.push_back({path, sha256, fs::file_size(pass_folder / path), true});
        sources.on_disk[sha256] = pass_folder / path;
    }
}

core::Json config_of(const record::Artefact& artefact) {
    return {
        {"format", "gguf"}, {"quantization", artefact.type}, {"precision", std::to_string(artefact.bits_per_weight)}};
}

core::Json descriptor_of(const record::Entry& newest, const record::Artefact* artefact) {
    core::Json descriptor = {{"createdAt", newest.time}};
    if (artefact) {
        descriptor["name"] = fs::path(artefact->path).stem().string();
        descriptor["description"] = artefact->method;
    }
    return descriptor;
}

void write_layout(TarWriter& tar, const BundleLayout& layout) {
    tar.add(oci_layout_file, layout.layout);
    tar.add(oci_index_file, layout.index);
    tar.add(blob_name(layout.manifest.sha256), layout.manifest.bytes);
    tar.add(blob_name(layout.config.sha256), layout.config.bytes);
}

// Two paths with the same bytes share a blob.
void write_blobs(TarWriter& tar, const Sources& sources) {
    std::map<std::string, bool> done;
    for (const BundledFile& file : sources.files) {
        if (std::exchange(done[file.sha256], true)) continue;
        if (const auto text = sources.in_memory.find(file.sha256); text != sources.in_memory.end())
            tar.add(blob_name(file.sha256), text->second);
        else
            tar.add_file(blob_name(file.sha256), sources.on_disk.at(file.sha256), file.sha256);
    }
}

}  // namespace

BundleSummary write_bundle(const fs::path& pass_folder, const record::Lineage& lineage, const std::string& report,
                           const BundleOptions& options) {
    if (lineage.entries.empty())
        throw core::input_error("there is no record in " + pass_folder.string(), "a pass that has begun", "scale set");
    const record::Entry* entry = record::latest(lineage.entries, record::kind::artefact);
    record::Artefact artefact;
    if (entry) artefact = entry->payload.get<record::Artefact>();
    BundleManifest manifest;
    manifest.created_at = lineage.entries.back().time;
    manifest.tool = record::tool_name();
    for (const record::Entry& each : lineage.entries)
        if (each.kind == record::kind::archived) manifest.left_out.push_back(each.payload.value("original_sha256", ""));
    Sources sources;
    if (fs::exists(pass_folder / "scale.toml"))
        add_text(sources, "scale.toml", core::read_file(pass_folder / "scale.toml"));
    add_text(sources, ".scale/record.jsonl", core::read_file(record::Store(pass_folder).file()));
    add_text(sources, report_name, report);
    if (entry) add_text(sources, card_name, model_card(lineage, origin_of(pass_folder / artefact.path)));
    add_objects(sources, pass_folder, manifest.left_out);
    if (entry && options.weights)
        add_artefact(sources, pass_folder, artefact);
    else if (entry)
        manifest.left_out.push_back(artefact.sha256);
    manifest.files = sources.files;
    const BundleLayout layout =
        describe_bundle(manifest, descriptor_of(lineage.entries.back(), entry ? &artefact : nullptr),
                        entry ? config_of(artefact) : core::Json::object());
    TarWriter tar(options.file);
    write_layout(tar, layout);
    write_blobs(tar, sources);
    tar.finish();
    return {options.file, fs::file_size(options.file), layout.manifest.sha256, sources.files.size(), manifest.left_out};
}

}  // namespace scale::report

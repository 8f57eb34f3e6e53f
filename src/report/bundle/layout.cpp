#include "report/bundle/layout.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"

namespace scale::report {

namespace {

constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* artifact_type = "application/vnd.cncf.model.manifest.v1+json";
constexpr const char* config_type = "application/vnd.cncf.model.config.v1+json";
constexpr const char* weights_type = "application/vnd.cncf.model.weight.v1.raw";
constexpr const char* document_type = "application/vnd.cncf.model.doc.v1.raw";
constexpr const char* path_key = "org.cncf.model.filepath";
constexpr const char* title_key = "org.opencontainers.image.title";
constexpr const char* created_key = "org.opencontainers.image.created";
constexpr const char* left_out_key = "scale.left-out";
constexpr const char* tool_key = "scale.tool";
constexpr std::string_view digest_prefix = "sha256:";

core::Error malformed(const std::string& what) {
    return core::input_error("the bundle's manifest: " + what, "one that scale bundle wrote", "ask for the file again");
}

// What the JSON library throws for a member of another type becomes an input error.
template <typename Read>
auto reading(const Read& read) {
    try {
        return read();
    } catch (const core::Json::exception& error) {
        throw malformed(error.what());
    }
}

core::Json descriptor_of(const char* type, const std::string& sha256, std::uint64_t bytes) {
    return {{"mediaType", type}, {"digest", std::string(digest_prefix) + sha256}, {"size", bytes}};
}

std::string digest_of(const core::Json& descriptor) {
    const std::string digest = core::required<std::string>(descriptor, "digest", "the bundle's manifest");
    if (!digest.starts_with(digest_prefix) || !core::is_sha256(digest.substr(digest_prefix.size())))
        throw malformed("'" + digest + "' is no SHA-256 digest");
    return digest.substr(digest_prefix.size());
}

bool is_safe(const std::string& path) {
    const std::filesystem::path parsed(path);
    return !path.empty() && path.find('\0') == std::string::npos && parsed.is_relative() && parsed.has_filename() &&
           std::none_of(parsed.begin(), parsed.end(), [](const auto& part) { return part == ".." || part == "."; });
}

core::Json layer_of(const BundledFile& file) {
    core::Json layer = descriptor_of(file.is_weights ? weights_type : document_type, file.sha256, file.bytes);
    layer["annotations"] = {{path_key, file.path}, {title_key, std::filesystem::path(file.path).filename().string()}};
    return layer;
}

}  // namespace

std::string blob_name(const std::string& sha256) {
    return "blobs/sha256/" + sha256;
}

BundleLayout describe_bundle(const BundleManifest& manifest, const core::Json& descriptor, const core::Json& config) {
    BundleLayout layout;
    core::Json layers = core::Json::array(), diff_ids = core::Json::array();
    for (const BundledFile& file : manifest.files) {
        layers.push_back(layer_of(file));
        diff_ids.push_back(std::string(digest_prefix) + file.sha256);  // nothing is compressed
    }
    layout.config.bytes = core::canonical(
        {{"descriptor", descriptor}, {"config", config}, {"modelfs", {{"type", "layers"}, {"diffIds", diff_ids}}}});
    layout.config.sha256 = core::sha256_hex(layout.config.bytes);
    core::Json annotations = {{created_key, manifest.created_at}, {tool_key, manifest.tool}};
    if (!manifest.left_out.empty()) annotations[left_out_key] = fmt::format("{}", fmt::join(manifest.left_out, " "));
    layout.manifest.bytes =
        core::canonical({{"schemaVersion", 2},
                         {"mediaType", manifest_type},
                         {"artifactType", artifact_type},
                         {"config", descriptor_of(config_type, layout.config.sha256, layout.config.bytes.size())},
                         {"layers", layers},
                         {"annotations", annotations}});
    layout.manifest.sha256 = core::sha256_hex(layout.manifest.bytes);
    core::Json entry = descriptor_of(manifest_type, layout.manifest.sha256, layout.manifest.bytes.size());
    entry["artifactType"] = artifact_type;
    layout.index = core::canonical({{"schemaVersion", 2},
                                    {"mediaType", "application/vnd.oci.image.index.v1+json"},
                                    {"manifests", core::Json::array({entry})}});
    layout.layout = core::canonical({{"imageLayoutVersion", "1.0.0"}});
    return layout;
}

std::string manifest_of_index(const std::string& index) {
    return reading([&] {
        const core::Json parsed = core::parse_json(index, oci_index_file);
        const auto manifests = parsed.is_object() ? parsed.find("manifests") : parsed.end();
        if (manifests == parsed.end() || !manifests->is_array() || manifests->size() != 1)
            throw malformed("index.json does not name exactly one manifest");
        return digest_of(manifests->front());
    });
}

std::string config_of_manifest(const std::string& bytes) {
    return reading([&] {
        const core::Json parsed = core::parse_json(bytes, "the bundle's manifest");
        if (!parsed.is_object() || !parsed.contains("config")) throw malformed("it has no config");
        return digest_of(parsed["config"]);
    });
}

BundleManifest parse_manifest(const std::string& bytes) {
    return reading([&] {
        const core::Json parsed = core::parse_json(bytes, "the bundle's manifest");
        if (!parsed.is_object() || parsed.value("artifactType", "") != artifact_type || !parsed.contains("layers") ||
            !parsed["layers"].is_array())
            throw malformed("it is no " + std::string(artifact_type));
        BundleManifest manifest;
        std::set<std::string> paths;
        for (const core::Json& layer : parsed["layers"]) {
            BundledFile file;
            file.sha256 = digest_of(layer);
            file.bytes = core::required<std::uint64_t>(layer, "size", "the bundle's manifest");
            file.is_weights = layer.value("mediaType", "") == weights_type;
            const core::Json annotations = layer.value("annotations", core::Json::object());
            file.path = core::required<std::string>(annotations, path_key, "the bundle's manifest");
            if (!is_safe(file.path)) throw malformed("'" + file.path + "' is no path inside a pass");
            if (!paths.insert(file.path).second) throw malformed("'" + file.path + "' comes twice");
            manifest.files.push_back(std::move(file));
        }
        const core::Json annotations = parsed.value("annotations", core::Json::object());
        manifest.created_at = annotations.value(created_key, "");
        manifest.tool = annotations.value(tool_key, "");
        const std::string left_out = annotations.value(left_out_key, "");
        for (std::size_t at = 0; at + 64 <= left_out.size(); at += 65)
            manifest.left_out.push_back(left_out.substr(at, 64));
        return manifest;
    });
}

}  // namespace scale::report

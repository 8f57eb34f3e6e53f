// What a bundle says of itself: the manifest of an OCI image layout, by CNCF's ModelPack specification.
//
// Formats: github.com/opencontainers/image-spec, image-layout.md and manifest.md; github.com/modelpack/model-spec,
// spec.md and config.md (artifact type and media types application/vnd.cncf.model.*).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::report {

// A file of the pass; its bytes lie in the blob of its SHA-256.
struct BundledFile {
    std::string path;  // relative to the pass folder
    std::string sha256;
    std::uint64_t bytes = 0;
    bool is_weights = false;
};

struct BundleManifest {
    std::vector<BundledFile> files;
    std::vector<std::string> left_out;  // SHA-256 of files that the record names and the bundle does not hold
    std::string created_at;
    std::string tool;
};

inline constexpr const char* oci_layout_file = "oci-layout";
inline constexpr const char* oci_index_file = "index.json";

std::string blob_name(const std::string& sha256);  // "blobs/sha256/…"

struct Blob {
    std::string bytes;
    std::string sha256;
};

struct BundleLayout {
    Blob config;
    Blob manifest;
    std::string index;   // bytes of index.json
    std::string layout;  // bytes of oci-layout
};

// `model`: name, format, quantisation and what else config.md knows, as it stands under "config" and "descriptor".
BundleLayout describe_bundle(const BundleManifest& manifest, const core::Json& descriptor, const core::Json& config);

// The descriptor of the one manifest that index.json names: its SHA-256. An input error for anything else.
std::string manifest_of_index(const std::string& index);

// Checks types, digests and paths: each relative, without "..", none twice. An input error for anything else.
BundleManifest parse_manifest(const std::string& bytes);

// The SHA-256 of the config blob of a manifest.
std::string config_of_manifest(const std::string& bytes);

}  // namespace scale::report

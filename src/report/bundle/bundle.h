// A pass in one file, for another team or another machine: the record, what it names, the artefact and the report, as
// an OCI image layout in a tar archive that registries' tools can push (oras, skopeo, docker) and `tar` can open.
//
// A bundle holds what the record names: texts of calibration and gate too, redacted as they were stored. It does not
// hold the original model, whose SHA-256 the record has, nor logs of live traffic.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/lineage.h"

namespace scale::report {

struct BundleOptions {
    std::filesystem::path file;  // the archive to write
    bool weights = true;         // with the artefact; without, the record still says which file it is
};

struct BundleSummary {
    std::filesystem::path file;
    std::uint64_t bytes = 0;
    std::string manifest_sha256;  // what a signature has to cover: everything else follows from it
    std::size_t files = 0;
    std::vector<std::string> left_out;  // SHA-256 of files that the record names and the bundle does not hold
};

// `report` is the page to go with it. Throws an input error where a file is not what the record says, and where there
// is no record. The same pass and report give the same bytes.
BundleSummary write_bundle(const std::filesystem::path& pass_folder, const record::Lineage& lineage,
                           const std::string& report, const BundleOptions& options);

struct UnpackedBundle {
    std::string manifest_sha256;
    std::size_t files = 0;
    std::vector<std::string> left_out;
};

// Unpacks the archive into `folder` (new or empty) as the pass that it was. Everything is checked before it gets its
// place: every digest from the index down, every path, and that nothing is there that the manifest does not name. An
// input error says what is wrong; then `folder` holds nothing.
UnpackedBundle unpack_bundle(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace scale::report

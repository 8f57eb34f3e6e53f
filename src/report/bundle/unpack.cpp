#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "report/bundle/archive.h"
#include "report/bundle/bundle.h"
#include "report/bundle/layout.h"

namespace scale::report {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_description = std::uint64_t{16} << 20;

bool has_place(const std::string& name) {
    const std::string prefix = blob_name("");
    if (name == oci_layout_file || name == oci_index_file) return true;
    return name.starts_with(prefix) && core::is_sha256(std::string_view(name).substr(prefix.size()));
}

[[noreturn]] void damaged(const std::string& what) {
    throw core::input_error("the bundle " + what, "one that scale bundle wrote", "ask for the file again");
}

// The bytes of a blob, when they are those of its name.
std::string description(const fs::path& unpacked, const std::string& sha256) {
    const fs::path file = unpacked / blob_name(sha256);
    if (!fs::exists(file)) damaged("lacks the blob " + sha256.substr(0, 16) + "…");
    std::string bytes = core::read_file(file, largest_description);
    if (core::sha256_hex(bytes) != sha256) damaged("has a blob " + sha256.substr(0, 16) + "… with other bytes");
    return bytes;
}

void require_blob(const fs::path& unpacked, const BundledFile& file) {
    const fs::path blob = unpacked / blob_name(file.sha256);
    if (!fs::exists(blob)) damaged("lacks " + file.path);
    if (fs::file_size(blob) != file.bytes)
        damaged(fmt::format("holds {} with {} bytes instead of {}", file.path, fs::file_size(blob), file.bytes));
    if (core::sha256_file(blob) != file.sha256)
        damaged("holds " + file.path + " with other bytes than its manifest says");
}

void require_nothing_else(const fs::path& unpacked, const std::set<std::string>& known) {
    for (const auto& file : fs::directory_iterator(unpacked / "blobs" / "sha256"))
        if (!known.contains(file.path().filename().string()))
            damaged("holds " + file.path().filename().string().substr(0, 16) + "…, which its manifest does not name");
}

void place(const fs::path& unpacked, const BundleManifest& manifest, const fs::path& folder) {
    std::map<std::string, int> uses;
    for (const BundledFile& file : manifest.files) ++uses[file.sha256];
    for (const BundledFile& file : manifest.files) {
        const fs::path target = folder / file.path, blob = unpacked / blob_name(file.sha256);
        fs::create_directories(target.parent_path());
        // Moved, since a copy of the weights would take their size again; not where another path needs the blob too, or
        // where the folder is on another file system.
        std::error_code kept = std::make_error_code(std::errc::file_exists);
        if (--uses[file.sha256] == 0) fs::rename(blob, target, kept);
        if (kept) fs::copy_file(blob, target);
    }
    std::string left_out;
    for (const std::string& sha256 : manifest.left_out) left_out += sha256 + "\n";
    if (!left_out.empty()) core::write_file_atomic(folder / ".scale" / "left-out", left_out);  // for record::verify
}

BundleManifest checked(const fs::path& unpacked, const std::string& sha256) {
    const std::string bytes = description(unpacked, sha256);
    BundleManifest manifest = parse_manifest(bytes);
    const std::string config = config_of_manifest(bytes);
    description(unpacked, config);
    std::set<std::string> known = {sha256, config};
    for (const BundledFile& file : manifest.files) {
        require_blob(unpacked, file);
        known.insert(file.sha256);
    }
    require_nothing_else(unpacked, known);
    return manifest;
}

}  // namespace

UnpackedBundle unpack_bundle(const fs::path& archive, const fs::path& folder) {
    if (!fs::is_regular_file(archive))
        throw core::input_error(archive.string() + " is no file", "a bundle that scale bundle wrote", {});
    if (fs::exists(folder) && !fs::is_empty(folder))
        throw core::input_error(folder.string() + " is not empty", "a new folder for the unpacked pass", {});
    fs::create_directories(folder);
    const core::TemporaryFolder unpacked(".scale-bundle", folder.has_parent_path() ? folder.parent_path() : ".");
    core::require_free_space(folder, 2 * fs::file_size(archive), "the unpacked bundle");
    unpack_tar(archive, unpacked.path(), has_place);
    if (!fs::exists(unpacked.path() / oci_index_file)) damaged("has no " + std::string(oci_index_file));
    const std::string sha256 =
        manifest_of_index(core::read_file(unpacked.path() / oci_index_file, largest_description));
    const BundleManifest manifest = checked(unpacked.path(), sha256);
    place(unpacked.path(), manifest, folder);
    return {sha256, manifest.files.size(), manifest.left_out};
}

}  // namespace scale::report

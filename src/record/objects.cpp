#include "record/objects.h"

#include <cerrno>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace scale::record {

namespace fs = std::filesystem;

Objects::Objects(const fs::path& pass_folder) : folder_(pass_folder / ".scale" / "objects") {}

fs::path Objects::path(const std::string& sha256) const {
    if (!core::is_sha256(sha256)) throw core::input_error("'" + sha256.substr(0, 80) + "' is not a SHA-256 digest");
    return folder_ / sha256.substr(0, 2) / sha256;
}

bool Objects::contains(const std::string& sha256) const {
    return fs::exists(path(sha256));
}

std::string Objects::put(std::string_view bytes) {
    const std::string sha256 = core::sha256_hex(bytes);
    if (!contains(sha256)) core::write_file_atomic(path(sha256), bytes);
    return sha256;
}

namespace {

// A name in the object folder that no reader looks at, on the same file system as the final one.
fs::path incoming(const fs::path& folder) {
    fs::create_directories(folder);
    return folder / fmt::format(".incoming.{}", ::getpid());
}

void rename_durably(const fs::path& from, const fs::path& to) {
    fs::create_directories(to.parent_path());
    if (::rename(from.c_str(), to.c_str()) != 0) throw core::system_error("cannot write " + to.string(), errno);
    core::sync_folder(to.parent_path());
}

}  // namespace

std::string Objects::put_file(const fs::path& source) {
    core::require_free_space(folder_, fs::file_size(source), "a copy of " + source.string());
    const fs::path temporary = incoming(folder_);
    try {
        core::clone_file(source, temporary);
        const std::string sha256 = core::sha256_file(temporary);
        rename_durably(temporary, path(sha256));
        return sha256;
    } catch (...) {
        std::error_code ignored;
        fs::remove(temporary, ignored);
        throw;
    }
}

std::string Objects::adopt_file(const fs::path& source) {
    const std::string sha256 = core::sha256_file(source);
    std::error_code crossing;
    fs::create_directories(path(sha256).parent_path());
    fs::rename(source, path(sha256), crossing);
    if (!crossing) {
        core::sync_folder(path(sha256).parent_path());
        return sha256;
    }
    put_file(source);
    fs::remove(source);
    return sha256;
}

std::string Objects::get(const std::string& sha256) const {
    if (!contains(sha256))
        throw core::input_error("object " + sha256.substr(0, 16) + "… is missing from " + folder_.string(), {},
                                "restore it from a copy, or do the stage that made it again");
    std::string bytes = core::read_file(path(sha256));
    if (core::sha256_hex(bytes) != sha256)
        throw core::input_error("object " + sha256.substr(0, 16) + "… is damaged: its bytes have another hash", {},
                                "restore it from a copy, or do the stage that made it again");
    return bytes;
}

void Objects::verify(const std::string& sha256) const {
    if (!contains(sha256)) throw core::input_error("object " + sha256.substr(0, 16) + "… is missing");
    if (core::sha256_file(path(sha256)) != sha256)
        throw core::input_error("object " + sha256.substr(0, 16) + "… is damaged: its bytes have another hash");
}

}  // namespace scale::record

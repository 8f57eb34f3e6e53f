#include "record/pass.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "record/imported.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

PassFile read_or_explain(const fs::path& folder) {
    if (!fs::exists(folder)) throw core::input_error(folder.string() + " does not exist", "the folder of a pass");
    if (!fs::exists(folder / "scale.toml"))
        throw core::input_error(fmt::format("no scale.toml in {}", fs::absolute(folder).lexically_normal().string()),
                                "the folder of a pass", "scale init MODEL.gguf");
    return read_pass_file(folder / "scale.toml");
}

}  // namespace

Pass::Pass(const fs::path& folder)
    : folder_(folder), file_(read_or_explain(folder)), store_(folder), objects_(folder) {}

fs::path Pass::resolve(const std::string& path) const {
    const fs::path given(path);
    return given.is_absolute() ? given : folder_ / given;
}

fs::path Pass::original(const std::string& path) const {
    const fs::path resolved = resolve(path);
    std::error_code failure;
    if (!fs::is_directory(resolved, failure)) return resolved;
    const auto imported = find_imported(folder_, path);
    if (!imported || !objects_.contains(imported->gguf_sha256))
        throw core::input_error(resolved.string() + " is a folder that this pass has not converted",
                                "a GGUF file, or a Hugging Face folder that stage S converted", "scale set");
    return objects_.path(imported->gguf_sha256);
}

Lineage Pass::lineage() const {
    return judge(store_.read());
}

WorkLock::WorkLock(const fs::path& pass_folder, const std::string& command)
    : path_(pass_folder / ".scale" / "work.lock") {
    std::error_code failure;
    fs::create_directories(path_.parent_path(), failure);
    if (failure) throw core::system_error("cannot make " + path_.parent_path().string(), failure.value());
    file_ = core::FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file_) throw core::system_error("cannot write " + path_.string(), errno);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        const std::string holder = core::read_file(path_, 4096);
        throw core::io_error(
            "another command works on this pass: " + (holder.empty() ? "its name is not known" : holder), {},
            "wait until it has ended, or stop it; what it has finished is kept");
    }
    const std::string line =
        fmt::format("{} (process {}, since {})", command, ::getpid(), core::to_rfc3339(core::now()));
    if (::ftruncate(file_.get(), 0) != 0) throw core::system_error("cannot write " + path_.string(), errno);
    core::write_all(file_.get(), line, path_.string());
    meter_ = std::make_unique<Meter>(pass_folder);
}

WorkLock::~WorkLock() {
    // Emptied before the lock goes, so that a later holder's line is never overwritten.
    [[maybe_unused]] const int emptied = ::ftruncate(file_.get(), 0);
}

}  // namespace scale::record

#include "core/file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::core {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
}
int FileDescriptor::release() {
    return std::exchange(descriptor_, -1);
}
void FileDescriptor::reset(int descriptor) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
}

namespace {

FileDescriptor open_or_throw(const fs::path& path, int flags, const std::string& action) {
    FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (!file) throw system_error(action + " " + path.string(), errno);
    return file;
}

void make_parent(const fs::path& path) {
    std::error_code failure;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
    if (failure) throw system_error("cannot make the folder " + path.parent_path().string(), failure.value());
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t limit) {
    const FileDescriptor file = open_or_throw(path, O_RDONLY, "cannot read");
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) throw system_error("cannot read " + path.string(), errno);
    if (S_ISDIR(info.st_mode)) throw input_error(path.string() + " is a folder", "a file");
    if (static_cast<std::uint64_t>(info.st_size) > limit)
        throw input_error(fmt::format("{} has {} bytes", path.string(), info.st_size),
                          fmt::format("at most {} bytes", limit));
    std::string text;
    text.resize(static_cast<std::size_t>(info.st_size));
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw system_error("cannot read " + path.string(), errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
}

void write_all(int descriptor, std::string_view bytes, const std::string& name) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw system_error("cannot write " + name, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync_folder(const fs::path& folder) {
    const FileDescriptor handle = open_or_throw(folder, O_RDONLY | O_DIRECTORY, "cannot open");
    if (::fsync(handle.get()) != 0) throw system_error("cannot sync " + folder.string(), errno);
}

void write_file_atomic(const fs::path& path, std::string_view bytes) {
    make_parent(path);
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const fs::path temporary = folder / fmt::format(".{}.{}.tmp", path.filename().string(), ::getpid());
    try {
        const FileDescriptor file = open_or_throw(temporary, O_WRONLY | O_CREAT | O_TRUNC, "cannot write");
        write_all(file.get(), bytes, path.string());
        if (::fsync(file.get()) != 0) throw system_error("cannot write " + path.string(), errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0) throw system_error("cannot write " + path.string(), errno);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    sync_folder(folder);
}

bool clone_file(const fs::path& from, const fs::path& to) {
    make_parent(to);
    const FileDescriptor source = open_or_throw(from, O_RDONLY, "cannot read");
    const FileDescriptor target = open_or_throw(to, O_WRONLY | O_CREAT | O_TRUNC, "cannot write");
    bool reflinked = ::ioctl(target.get(), FICLONE, source.get()) == 0;
    if (!reflinked) {
        std::vector<char> buffer(1 << 20);
        for (;;) {
            const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw system_error("cannot read " + from.string(), errno);
            if (got == 0) break;
            write_all(target.get(), {buffer.data(), static_cast<std::size_t>(got)}, to.string());
        }
    }
    if (::fsync(target.get()) != 0) throw system_error("cannot write " + to.string(), errno);
    return reflinked;
}

std::uint64_t free_space(const fs::path& folder) {
    fs::path existing = fs::absolute(folder.empty() ? fs::path(".") : folder);
    while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
    struct statvfs info {};
    if (::statvfs(existing.c_str(), &info) != 0)
        throw system_error("cannot ask for free space at " + existing.string(), errno);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

void require_free_space(const fs::path& folder, std::uint64_t bytes, const std::string& purpose) {
    const std::uint64_t free = free_space(folder);
    if (free >= bytes) return;
    throw io_error(fmt::format("{} MiB are free at {}", free >> 20, folder.string()),
                   fmt::format("at least {} MiB for {}", (bytes >> 20) + 1, purpose),
                   "free disk space, or choose another folder with --dir");
}

MappedFile::MappedFile(const fs::path& path) {
    const FileDescriptor file = open_or_throw(path, O_RDONLY, "cannot read");
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) throw system_error("cannot read " + path.string(), errno);
    if (!S_ISREG(info.st_mode)) throw input_error(path.string() + " is not a regular file");
    size_ = static_cast<std::size_t>(info.st_size);
    if (size_ == 0) return;
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) throw system_error("cannot map " + path.string(), errno);
    data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
    if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

TemporaryFolder::TemporaryFolder(const std::string& prefix, const fs::path& parent) {
    std::string pattern = (parent / (prefix + ".XXXXXX")).string();
    if (!::mkdtemp(pattern.data())) throw system_error("cannot make a temporary folder " + pattern, errno);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace scale::core

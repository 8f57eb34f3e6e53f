#include "calibration/source/log_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::calibration {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

std::size_t read_some(int file, char* into, std::size_t limit, std::uint64_t offset, const std::string& name) {
    for (;;) {
        const ssize_t got = ::pread(file, into, limit, static_cast<off_t>(offset));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) throw core::system_error("cannot read " + name, errno);
    }
}

}  // namespace

LogFile::LogFile(const std::filesystem::path& path)
    : name_(path.string()), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!file_ && errno == ENOENT)
        throw core::input_error(
            "no traffic log at " + name_,
            "JSON lines, one OpenAI-style request body a line; or chats, prompts, the gateway's log",
            "name it by [traffic] log in scale.toml, or scale assemble --log FILE");
    if (!file_) throw core::system_error("cannot read " + name_, errno);
    struct stat info {};
    if (::fstat(file_.get(), &info) != 0) throw core::system_error("cannot read " + name_, errno);
    if (!S_ISREG(info.st_mode)) throw core::input_error(name_ + " is not a regular file", "a traffic log");
    size_ = static_cast<std::uint64_t>(info.st_size);
}

void LogFile::for_each_chunk(const std::function<void(std::string_view)>& visit) const {
    std::string chunk(chunk_bytes, '\0');
    std::uint64_t done = 0;
    while (done < size_) {
        const std::size_t limit = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), size_ - done));
        const std::size_t got = read_some(file_.get(), chunk.data(), limit, done, name_);
        if (got == 0) return;
        visit({chunk.data(), got});
        done += got;
    }
}

std::string LogFile::read(std::uint64_t offset, std::uint64_t length) const {
    std::string text(static_cast<std::size_t>(std::min(length, max_line)), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const std::size_t got = read_some(file_.get(), text.data() + done, text.size() - done, offset + done, name_);
        if (got == 0)
            throw core::io_error(fmt::format("{} ended at byte {}, which was there a moment ago", name_, offset + done),
                                 "a log that only grows", "run scale assemble again on a copy of the log");
        done += got;
    }
    return text;
}

std::string LogFile::head(std::size_t limit) const {
    return read(0, std::min<std::uint64_t>(limit, size_));
}

}  // namespace scale::calibration

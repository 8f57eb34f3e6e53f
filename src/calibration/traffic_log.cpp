#include "calibration/traffic_log.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

core::FileDescriptor open_log(const std::filesystem::path& path, std::uint64_t& size) {
    core::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT)
        throw core::input_error("no traffic log at " + path.string(),
                                "JSON lines, one OpenAI-style request body a line",
                                "name it by [traffic] log in scale.toml, or scale assemble --log FILE");
    if (!file) throw core::system_error("cannot read " + path.string(), errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) throw core::system_error("cannot read " + path.string(), errno);
    if (!S_ISREG(info.st_mode))
        throw core::input_error(path.string() + " is not a regular file", "a traffic log (JSON lines)");
    size = static_cast<std::uint64_t>(info.st_size);
    return file;
}

// Cuts the stream of chunks into lines.
class LineCutter {
  public:
    LineCutter(const std::function<void(const LinePlace&, std::string_view)>& sink, BrokenLines& broken)
        : sink_(sink), broken_(broken) {}

    void feed(std::string_view chunk) {
        while (!chunk.empty()) {
            const auto end = chunk.find('\n');
            const std::string_view part = chunk.substr(0, end);
            length_ += part.size();
            if (length_ <= max_line) held_.append(part);
            if (end == std::string_view::npos) return;
            finish(1);
            chunk.remove_prefix(end + 1);
        }
    }

    std::uint64_t end() {
        if (length_ > 0) finish(0);
        return lines_;
    }

  private:
    void finish(std::uint64_t newline) {
        ++number_;
        if (length_ > max_line) {
            ++lines_;
            broken_.add(number_, fmt::format("{} long; lines over {} are skipped", core::human_bytes(length_),
                                             core::human_bytes(max_line)));
        } else {
            hand_out();
        }
        offset_ += length_ + newline;
        length_ = 0;
        held_.clear();
        if (held_.capacity() > 2 * chunk_bytes) held_.shrink_to_fit();
    }

    void hand_out() {
        std::string_view line = held_;
        std::uint64_t skipped = 0;
        if (number_ == 1 && line.starts_with(byte_order_mark)) {
            skipped = byte_order_mark.size();
            line.remove_prefix(skipped);
        }
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
        ++lines_;
        sink_({number_, offset_ + skipped, line.size()}, line);
    }

    const std::function<void(const LinePlace&, std::string_view)>& sink_;
    BrokenLines& broken_;
    std::string held_;
    std::uint64_t number_ = 0;
    std::uint64_t offset_ = 0;  // of the line at hand
    std::uint64_t length_ = 0;  // of the line at hand, held or not
    std::uint64_t lines_ = 0;
};

std::size_t read_some(int file, char* into, std::size_t limit, std::uint64_t offset, const std::string& name) {
    for (;;) {
        const ssize_t got = ::pread(file, into, limit, static_cast<off_t>(offset));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) throw core::system_error("cannot read " + name, errno);
    }
}

}  // namespace

void BrokenLines::add(std::uint64_t line, const std::string& reason) {
    ++count;
    if (examples.size() < broken_examples_kept) examples.push_back(fmt::format("line {}: {}", line, reason));
}

LogReading read_log(const std::filesystem::path& path,
                    const std::function<void(const LinePlace&, std::string_view)>& sink, BrokenLines& broken,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    std::uint64_t size = 0;
    const core::FileDescriptor file = open_log(path, size);
    LineCutter cutter(sink, broken);
    core::Sha256 hash;
    std::string chunk(chunk_bytes, '\0');
    std::uint64_t done = 0;
    while (done < size) {
        const std::size_t limit = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), size - done));
        const std::size_t got = read_some(file.get(), chunk.data(), limit, done, path.string());
        if (got == 0) break;
        hash.update(std::string_view(chunk.data(), got));
        cutter.feed({chunk.data(), got});
        done += got;
        if (progress) progress(done, size);
    }
    LogReading reading;
    reading.lines = cutter.end();
    reading.sha256 = hash.hex();
    return reading;
}

LineReader::LineReader(const std::filesystem::path& path) : name_(path.string()) {
    std::uint64_t size = 0;
    file_ = open_log(path, size);
}

std::string LineReader::read(const LinePlace& place) const {
    std::string line(static_cast<std::size_t>(std::min(place.length, max_line)), '\0');
    std::size_t done = 0;
    while (done < line.size()) {
        const std::size_t got =
            read_some(file_.get(), line.data() + done, line.size() - done, place.offset + done, name_);
        if (got == 0)
            throw core::io_error(
                fmt::format("{} ended inside line {}, which was there a moment ago", name_, place.number),
                "a log that only grows", "run scale assemble again on a copy of the log");
        done += got;
    }
    return line;
}

}  // namespace scale::calibration

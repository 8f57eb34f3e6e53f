#include "quantize/refine/journal.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fcntl.h>
#include <limits>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

namespace scale::quantize {

namespace fs = std::filesystem;

namespace {

core::FileDescriptor open_to_append(const fs::path& path) {
    core::FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file) throw core::system_error("cannot write " + path.string(), errno);
    return file;
}

void sync(const core::FileDescriptor& file, const fs::path& path) {
    if (::fdatasync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
}

core::Json to_json(const RefineLine& line, std::uint64_t offset, std::uint64_t bytes) {
    core::Json json = {{"tensor", line.tensor},
                       {"type", line.type},
                       {"refined", line.refined},
                       {"stock_loss", line.stock_loss},
                       {"shrinkage", line.chosen.shrinkage},
                       {"ridge", line.chosen.ridge},
                       {"why", line.why},
                       {"tokens", line.tokens},
                       {"columns", line.columns},
                       {"offset", offset},
                       {"bytes", bytes}};
    if (std::isfinite(line.refined_loss)) json["refined_loss"] = line.refined_loss;  // JSON has no infinity
    return json;
}

}  // namespace

RefineJournal::RefineJournal(fs::path path, const std::string& fingerprint)
    : path_(std::move(path)), bytes_path_(path_.string() + ".bin") {
    try {
        load(fingerprint);
    } catch (const core::Error&) {  // losing a journal costs time, not correctness
        lines_.clear();
        end_ = 0;
    }
    std::string text = core::canonical({{"fingerprint", fingerprint}}) + "\n";
    for (const Kept& kept : lines_) text += core::canonical(to_json(kept.line, kept.offset, kept.bytes)) + "\n";
    core::write_file_atomic(path_, text);
    file_ = open_to_append(path_);
    bytes_file_ = open_to_append(bytes_path_);
    if (::ftruncate(bytes_file_.get(), static_cast<off_t>(end_)) != 0)
        throw core::system_error("cannot write " + bytes_path_.string(), errno);
}

void RefineJournal::load(const std::string& fingerprint) {
    if (!fs::exists(path_) || !fs::exists(bytes_path_)) return;
    const std::string source = path_.filename().string();
    const std::string text = core::read_file(path_);
    const std::uint64_t available = fs::file_size(bytes_path_);
    bool first = true;
    for (const auto line : core::split_lines(std::string_view(text).substr(0, text.rfind('\n') + 1))) {
        const core::Json json = core::parse_json(line, source);
        if (std::exchange(first, false)) {
            if (core::required<std::string>(json, "fingerprint", source) != fingerprint) return;
            continue;
        }
        Kept kept;
        kept.line = {core::required<std::string>(json, "tensor", source),
                     core::required<std::string>(json, "type", source),
                     core::required<bool>(json, "refined", source),
                     core::required<double>(json, "stock_loss", source),
                     json.value("refined_loss", std::numeric_limits<double>::infinity()),
                     {core::required<double>(json, "shrinkage", source), core::required<double>(json, "ridge", source)},
                     json.value("why", ""),
                     json.value("tokens", std::uint64_t{0}),
                     json.value("columns", std::uint64_t{0})};
        kept.offset = core::required<std::uint64_t>(json, "offset", source);
        kept.bytes = core::required<std::uint64_t>(json, "bytes", source);
        if (kept.offset != end_ || kept.bytes > available - end_) return;
        end_ += kept.bytes;
        lines_.push_back(std::move(kept));
    }
}

const RefineLine* RefineJournal::find(const std::string& tensor) const {
    const auto found =
        std::find_if(lines_.begin(), lines_.end(), [&](const Kept& kept) { return kept.line.tensor == tensor; });
    return found == lines_.end() ? nullptr : &found->line;
}

std::string RefineJournal::packed(const std::string& tensor) const {
    for (const Kept& kept : lines_) {
        if (kept.line.tensor != tensor) continue;
        std::string bytes(kept.bytes, '\0');
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t got = ::pread(bytes_file_.get(), bytes.data() + done, bytes.size() - done,
                                        static_cast<off_t>(kept.offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) throw core::system_error("cannot read " + bytes_path_.string(), got < 0 ? errno : EIO);
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }
    return {};
}

void RefineJournal::add(const RefineLine& line, std::span<const std::byte> packed) {
    if (!packed.empty()) {
        core::write_all(bytes_file_.get(), {reinterpret_cast<const char*>(packed.data()), packed.size()},
                        bytes_path_.string());
        sync(bytes_file_, bytes_path_);
    }
    core::write_all(file_.get(), core::canonical(to_json(line, end_, packed.size())) + "\n", path_.string());
    sync(file_, path_);
    lines_.push_back({line, end_, packed.size()});
    end_ += packed.size();
}

void RefineJournal::remove(const fs::path& path) {
    std::error_code ignored;
    fs::remove(path, ignored);
    fs::remove(path.string() + ".bin", ignored);
}

}  // namespace scale::quantize

#include "record/store.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "record/tool.h"

namespace scale::record {

namespace {

std::string read_or_empty(const std::filesystem::path& file) {
    return std::filesystem::exists(file) ? core::read_file(file) : std::string();
}

// Verifies sequence and chain of the whole lines; a tail without newline is ignored.
std::vector<Entry> parse(const std::string& text, const std::filesystem::path& file) {
    std::vector<Entry> entries;
    std::string prev = genesis_hash();
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
        const std::string where = fmt::format("{} line {}", file.filename().string(), entries.size() + 1);
        Entry entry = from_line(std::string_view(text).substr(start, end - start), where);
        if (entry.seq != entries.size() + 1)
            throw core::input_error(fmt::format("{}: has sequence number {}", where, entry.seq),
                                    fmt::format("{}", entries.size() + 1),
                                    "a line was removed, added or moved; restore the file from a copy");
        if (entry.prev != prev)
            throw core::input_error(where + ": does not follow the line before it",
                                    "prev " + prev.substr(0, 16) + "… instead of " + entry.prev.substr(0, 16) + "…",
                                    "a line was removed, added or moved; restore the file from a copy");
        prev = entry.hash;
        entries.push_back(std::move(entry));
        start = end + 1;
    }
    return entries;
}

std::size_t torn_size(const std::string& text) {
    const auto last = text.rfind('\n');
    return last == std::string::npos ? text.size() : text.size() - last - 1;
}

class AppendLock {
  public:
    explicit AppendLock(const std::filesystem::path& path)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        if (!file_) throw core::system_error("cannot write " + path.string(), errno);
        while (::flock(file_.get(), LOCK_EX) != 0)
            if (errno != EINTR) throw core::system_error("cannot lock " + path.string(), errno);
    }

  private:
    core::FileDescriptor file_;
};

// Appends at `offset`, or leaves the file as long as it was.
void append_at(const std::filesystem::path& path, std::uint64_t offset, const std::string& line) {
    const core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file) throw core::system_error("cannot write " + path.string(), errno);
    if (::ftruncate(file.get(), static_cast<off_t>(offset)) != 0 ||
        ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
        throw core::system_error("cannot write " + path.string(), errno);
    try {
        core::write_all(file.get(), line, path.string());
        if (::fsync(file.get()) != 0) throw core::system_error("cannot write " + path.string(), errno);
    } catch (...) {
        [[maybe_unused]] const int undone = ::ftruncate(file.get(), static_cast<off_t>(offset));
        throw;
    }
}

}  // namespace

Store::Store(std::filesystem::path pass_folder)
    : folder_(std::move(pass_folder) / ".scale"), file_(folder_ / "record.jsonl") {}

std::vector<Entry> Store::read() const {
    return parse(read_or_empty(file_), file_);
}

std::uint64_t Store::torn_bytes() const {
    return torn_size(read_or_empty(file_));
}

Entry Store::append(const NewEntry& added) {
    std::error_code failure;
    std::filesystem::create_directories(folder_, failure);
    if (failure) throw core::system_error("cannot make " + folder_.string(), failure.value());
    const AppendLock lock(folder_ / "record.lock");

    const std::string text = read_or_empty(file_);
    const std::vector<Entry> entries = parse(text, file_);
    const std::size_t torn = torn_size(text);
    if (torn > 0)
        core::say(fmt::format("{}: the last line was torn by an interrupted write; its {} bytes are cut",
                              file_.filename().string(), torn));
    Entry entry;
    entry.seq = entries.size() + 1;
    entry.time = core::to_rfc3339(core::now());
    entry.stage = added.stage;
    entry.kind = added.kind;
    entry.parents = added.parents;
    // Through the text once, so that what is hashed is what a reader will see (invalid UTF-8 replaced, NaN as null).
    entry.payload = core::parse_json(core::canonical(added.payload), "payload");
    entry.tool = tool_name();
    entry.prev = entries.empty() ? genesis_hash() : entries.back().hash;
    entry.hash = computed_hash(entry);
    append_at(file_, text.size() - torn, to_line(entry) + "\n");
    if (entries.empty()) core::sync_folder(folder_);
    return entry;
}

const Entry* latest(const std::vector<Entry>& entries, std::string_view kind) {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        if (entry->kind == kind) return &*entry;
    return nullptr;
}

}  // namespace scale::record

#include "report/bundle/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace scale::report {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk = std::size_t{1} << 20;

struct FreeWrite {
    void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeRead {
    void operator()(archive* a) const { archive_read_free(a); }
};
struct FreeEntry {
    void operator()(archive_entry* e) const { archive_entry_free(e); }
};

std::string message_of(archive* a) {
    const char* text = archive_error_string(a);
    return text ? text : "no reason given";
}

[[noreturn]] void damaged(const fs::path& file, const std::string& what) {
    throw core::input_error(fmt::format("{} {}", file.string(), what), "a bundle that scale bundle wrote",
                            "ask for the file again");
}

}  // namespace

struct TarWriter::State {
    fs::path target;
    fs::path partial;
    core::FileDescriptor file;
    std::unique_ptr<archive, FreeWrite> out;

    void require(la_ssize_t result) const {
        if (result < ARCHIVE_OK)
            throw core::io_error("cannot write " + partial.string() + ": " + message_of(out.get()), {},
                                 "free space, or name another place with --output");
    }
    void begin(const std::string& name, std::uint64_t size) const {
        const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_mtime(entry.get(), 0, 0);
        require(archive_write_header(out.get(), entry.get()));
    }
    void data(const void* bytes, std::size_t size) const { require(archive_write_data(out.get(), bytes, size)); }
};

TarWriter::TarWriter(const fs::path& target) : state_(std::make_unique<State>()) {
    state_->target = target;
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    state_->partial = folder / ("." + target.filename().string() + ".partial");
    state_->file =
        core::FileDescriptor(::open(state_->partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!state_->file)
        throw core::io_error("cannot write into " + folder.string(), "a folder that can be written",
                             "name another with --output");
    state_->out.reset(archive_write_new());
    archive_write_set_format_pax_restricted(state_->out.get());
    archive_write_set_bytes_in_last_block(state_->out.get(), 1);
    state_->require(archive_write_open_fd(state_->out.get(), state_->file.get()));
}

TarWriter::~TarWriter() {
    if (!state_->file) return;
    std::error_code ignored;
    fs::remove(state_->partial, ignored);
}

void TarWriter::add(const std::string& name, std::string_view bytes) {
    state_->begin(name, bytes.size());
    state_->data(bytes.data(), bytes.size());
}

void TarWriter::add_file(const std::string& name, const fs::path& source, const std::string& sha256) {
    const std::uint64_t size = fs::file_size(source);
    state_->begin(name, size);
    std::ifstream in(source, std::ios::binary);
    std::vector<char> buffer(chunk);
    core::Sha256 hash;
    std::uint64_t done = 0;
    while (done < size && in) {
        in.read(buffer.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(chunk, size - done)));
        const auto got = static_cast<std::size_t>(in.gcount());
        hash.update(buffer.data(), got);
        state_->data(buffer.data(), got);
        done += got;
    }
    if (done != size || hash.hex() != sha256)
        throw core::input_error(source.string() + " is not what the record says", "SHA-256 " + sha256, "scale verify");
}

void TarWriter::finish() {
    state_->require(archive_write_close(state_->out.get()));
    if (::fsync(state_->file.get()) != 0)
        throw core::io_error("cannot write " + state_->partial.string() + " to the disk", {}, {});
    fs::rename(state_->partial, state_->target);
    state_->file.reset();
    core::sync_folder(state_->target.has_parent_path() ? state_->target.parent_path() : fs::path("."));
}

void unpack_tar(const fs::path& file, const fs::path& folder, const std::function<bool(const std::string&)>& allowed) {
    const std::unique_ptr<archive, FreeRead> in(archive_read_new());
    archive_read_support_format_tar(in.get());
    if (archive_read_open_filename(in.get(), file.c_str(), chunk) != ARCHIVE_OK)
        damaged(file, "cannot be read as a tar archive: " + message_of(in.get()));
    const std::uint64_t whole = fs::file_size(file);
    archive_entry* entry = nullptr;
    for (;;) {
        const int state = archive_read_next_header(in.get(), &entry);
        if (state == ARCHIVE_EOF) break;
        if (state != ARCHIVE_OK) damaged(file, "is damaged: " + message_of(in.get()));
        const char* given = archive_entry_pathname(entry);
        const std::string name = given ? given : "";
        if (archive_entry_filetype(entry) == AE_IFDIR) continue;
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) || !allowed(name))
            damaged(file, "holds '" + name + "', which has no place in a bundle");
        if (!archive_entry_size_is_set(entry) || static_cast<std::uint64_t>(archive_entry_size(entry)) > whole)
            damaged(file, "holds '" + name + "' with an impossible size");
        const fs::path target = folder / name;
        if (fs::exists(target)) damaged(file, "holds '" + name + "' twice");
        fs::create_directories(target.parent_path());
        std::ofstream out(target, std::ios::binary);
        std::vector<char> buffer(chunk);
        for (;;) {
            const la_ssize_t got = archive_read_data(in.get(), buffer.data(), buffer.size());
            if (got < 0) damaged(file, "is damaged in '" + name + "': " + message_of(in.get()));
            if (got == 0) break;
            out.write(buffer.data(), got);
        }
        if (!out.flush()) throw core::io_error("cannot write " + target.string(), "room for the unpacked bundle", {});
    }
}

}  // namespace scale::report

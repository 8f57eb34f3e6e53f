#include "model/safetensors/writer.h"

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "model/abandoned.h"
#include "model/safetensors/shard_plan.h"

namespace scale::model {

namespace fs = std::filesystem;

namespace {

void require_free_name(const fs::path& folder) {
    std::error_code failure;
    if (!fs::exists(fs::symlink_status(folder, failure))) return;
    if (!fs::is_directory(folder, failure) || !fs::is_empty(folder, failure))
        throw core::input_error(folder.string() + " exists and is not an empty folder", "a new folder to write to",
                                "name another folder, or remove this one");
}

void write_at(int file, std::span<const std::byte> bytes, std::uint64_t offset, const std::string& name) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw core::system_error("cannot write " + name, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
}

void sync_contents(const fs::path& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const core::FileDescriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        if (!file || ::fsync(file.get()) != 0) throw core::system_error("cannot sync " + entry.path().string(), errno);
    }
    core::sync_folder(folder);
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(fs::path folder, const std::vector<SafetensorDeclaration>& tensors,
                                     const SafetensorsWriterOptions& options)
    : folder_(fs::absolute(folder).lexically_normal()) {
    if (!folder_.has_filename()) folder_ = folder_.parent_path();  // "out/"
    require_free_name(folder_);
    const std::vector<PlannedShard> shards = plan_shards(tensors, options.shard_bytes);
    std::uint64_t total = 0;
    for (const PlannedShard& shard : shards) total += shard.head.size() + shard.data_bytes;
    core::require_free_space(folder_.parent_path(), total, folder_.filename().string());

    remove_abandoned(folder_);
    std::error_code failure;
    staging_.path = partial_name(folder_);
    fs::remove_all(staging_.path, failure);
    fs::create_directories(staging_.path, failure);
    if (failure) throw core::system_error("cannot make the folder " + staging_.path.string(), failure.value());
    for (const PlannedShard& shard : shards) {
        const std::string path = (staging_.path / shard.name).string();
        core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
        if (!file) throw core::system_error("cannot write " + path, errno);
        core::write_all(file.get(), shard.head, path);
        for (const PlannedTensor& tensor : shard.tensors)
            slots_.emplace(tensor.declaration->name,
                           Slot{shards_.size(), shard.head.size() + tensor.offset, tensor.bytes, 0});
        shards_.push_back(std::move(file));
        shard_names_.push_back(shard.name);
    }
    if (shards.size() > 1) core::write_file_atomic(staging_.path / "model.safetensors.index.json", index_of(shards));
}

SafetensorsWriter::Staging::~Staging() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
}

void SafetensorsWriter::append(std::string_view name, std::span<const std::byte> bytes) {
    const auto found = slots_.find(name);
    if (found == slots_.end()) throw std::logic_error(fmt::format("tensor {} was not declared", name));
    Slot& slot = found->second;
    if (bytes.size() > slot.bytes - slot.written)
        throw std::logic_error(fmt::format("tensor {} was declared with {} bytes", name, slot.bytes));
    write_at(shards_[slot.shard].get(), bytes, slot.offset + slot.written, shard_names_[slot.shard]);
    slot.written += bytes.size();
}

void SafetensorsWriter::publish() {
    for (const auto& [name, slot] : slots_)
        if (slot.written != slot.bytes)
            throw std::logic_error(fmt::format("tensor {} has {} of {} bytes", name, slot.written, slot.bytes));
    shards_.clear();
    sync_contents(staging_.path);
    if (::rename(staging_.path.c_str(), folder_.c_str()) != 0)
        throw core::system_error("cannot write " + folder_.string(), errno);
    staging_.path.clear();
    core::sync_folder(folder_.parent_path());
}

}  // namespace scale::model

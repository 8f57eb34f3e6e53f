// Files: whole reads with a limit, atomic and durable writes, memory maps, temporary folders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace scale::core {

namespace fs = std::filesystem;

// Owns a file descriptor; -1 is none.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor() { reset(); }

    int get() const { return descriptor_; }
    explicit operator bool() const { return descriptor_ >= 0; }
    int release();
    void reset(int descriptor = -1);

  private:
    int descriptor_ = -1;
};

// Throws an io error where the file is missing or larger than `limit` bytes.
std::string read_file(const fs::path& path, std::uint64_t limit = std::uint64_t{1} << 30);

// The file appears whole or not at all, also after a power cut: temporary file in the same folder, fsync, rename, fsync
// of the folder. Missing parent folders are made.
void write_file_atomic(const fs::path& path, std::string_view bytes);

// Writes all bytes to the descriptor, retrying short writes; `name` is for the error message.
void write_all(int descriptor, std::string_view bytes, const std::string& name);

void sync_folder(const fs::path& folder);

// Copies by reflink where the file system can, by blocks otherwise; the result is durable. Returns true for a reflink.
bool clone_file(const fs::path& from, const fs::path& to);

// Bytes free for an unprivileged writer at the folder (or its nearest existing parent).
std::uint64_t free_space(const fs::path& folder);

// Throws an io error that states both figures where fewer than `bytes` are free.
void require_free_space(const fs::path& folder, std::uint64_t bytes, const std::string& purpose);

// A read-only map of a whole file; unmapped by the destructor. An empty file gives an empty span.
class MappedFile {
  public:
    explicit MappedFile(const fs::path& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }

  private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

// A fresh folder, removed with its contents by the destructor.
class TemporaryFolder {
  public:
    explicit TemporaryFolder(const std::string& prefix = "scale", const fs::path& parent = fs::temp_directory_path());
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

}  // namespace scale::core

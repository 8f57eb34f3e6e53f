// Tar archives, by libarchive: written to be the same bytes for the same content, read without trust.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scale::report {

// Entries carry no owner, no time and one mode. The file has its name only after finish(); before, and after a failure,
// there is at most a hidden file beside it, which the destructor removes.
class TarWriter {
  public:
    explicit TarWriter(const std::filesystem::path& target);
    ~TarWriter();
    TarWriter(const TarWriter&) = delete;
    TarWriter& operator=(const TarWriter&) = delete;

    void add(const std::string& name, std::string_view bytes);
    // Streams the file; throws an input error where its SHA-256 is not `sha256`.
    void add_file(const std::string& name, const std::filesystem::path& source, const std::string& sha256);
    void finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Writes every regular file of the archive into `folder`. Throws an input error, naming the entry, for one whose name
// `allowed` refuses, that is no regular file (folders are skipped), that comes twice or is larger than the archive
// itself (no entry is compressed), and for an archive that is damaged or cut short.
void unpack_tar(const std::filesystem::path& archive, const std::filesystem::path& folder,
                const std::function<bool(const std::string& name)>& allowed);

}  // namespace scale::report

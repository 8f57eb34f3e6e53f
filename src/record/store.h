// The append-only record, .scale/record.jsonl.
//
// Writers append one whole line under an exclusive flock on .scale/record.lock, fsync, and release it; so a gateway and
// a command may both append. Reading needs no lock. A last line without its newline is torn (a writer was killed or the
// disk was full): the next writer cuts it and says so. Any other damage is an error naming the line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "record/entry.h"

namespace scale::record {

struct NewEntry {
    Stage stage;
    std::string kind;
    std::vector<std::string> parents;
    core::Json payload;
};

class Store {
  public:
    explicit Store(std::filesystem::path pass_folder);

    // All entries, verified: sequence, chain and hashes. A torn tail is left out; see torn_bytes.
    std::vector<Entry> read() const;

    // Appends durably and returns the finished entry. Throws an io error on a full disk, leaving the record as it was.
    Entry append(const NewEntry& entry);

    // Bytes after the last newline; 0 for a whole record.
    std::uint64_t torn_bytes() const;

    const std::filesystem::path& file() const { return file_; }

  private:
    std::filesystem::path folder_;
    std::filesystem::path file_;
};

// The newest entry of the kind, or none.
const Entry* latest(const std::vector<Entry>& entries, std::string_view kind);

}  // namespace scale::record

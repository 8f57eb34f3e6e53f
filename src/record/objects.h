// Artefacts by content: .scale/objects/ab/abcdef…, named by SHA-256.
#pragma once

#include <filesystem>
#include <string>

namespace scale::record {

class Objects {
  public:
    explicit Objects(const std::filesystem::path& pass_folder);

    // Stores the bytes (durably, atomically; a no-op where they are already there) and returns their SHA-256.
    std::string put(std::string_view bytes);

    // Stores a copy of the file, by reflink where possible, and returns its SHA-256.
    std::string put_file(const std::filesystem::path& source);

    // Moves the file in (rename within one file system, else copy and delete) and returns its SHA-256.
    std::string adopt_file(const std::filesystem::path& source);

    bool contains(const std::string& sha256) const;
    std::filesystem::path path(const std::string& sha256) const;  // whether or not it is there

    // The bytes, checked against their name; an input error where missing or damaged.
    std::string get(const std::string& sha256) const;

    // Recomputes the hash of a stored file; an input error where it is missing or differs.
    void verify(const std::string& sha256) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace scale::record

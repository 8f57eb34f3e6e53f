// Typed values of config.json and the like, with errors that name file and key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace scale::model {

class ConfigValues {
  public:
    // `values` must be an object and outlive this; an input error where it is no object.
    ConfigValues(const core::Json& values, std::string source);

    const std::string& source() const { return source_; }
    bool has(std::string_view key) const;  // there, and not null
    const core::Json& at(std::string_view key) const;

    // Whole numbers from 1 to `most`; an input error where the key is missing, unless a fallback is given.
    std::uint64_t count(std::string_view key, std::uint64_t most) const;
    std::uint64_t count_or(std::string_view key, std::uint64_t most, std::uint64_t fallback) const;
    double positive(std::string_view key) const;  // finite and above 0
    double positive_or(std::string_view key, double fallback) const;
    bool flag_or(std::string_view key, bool fallback) const;
    std::string text_or(std::string_view key, const std::string& fallback) const;
    std::vector<double> positives(std::string_view key, std::size_t most) const;

    [[noreturn]] void refuse(const std::string& found, const std::string& expected, const std::string& next = {}) const;

  private:
    const core::Json& values_;
    std::string source_;
};

// The file as JSON, at most `limit` bytes.
core::Json read_json_file(const std::filesystem::path& file, std::uint64_t limit);

}  // namespace scale::model

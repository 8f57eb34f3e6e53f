// Small text files of /proc and /sys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace scale::hardware {

// "" where it cannot be read. These files report a size of 0, so they are read to their end rather than by size.
inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    return text.str();
}

// A whole number at the start of the text; none for "max", negative numbers and anything else.
inline std::optional<std::uint64_t> number_of(const std::string& text) {
    std::istringstream stream(text);
    std::string word;
    stream >> word;
    if (word.empty() || word.size() > 19 || word.find_first_not_of("0123456789") != std::string::npos) return {};
    return std::stoull(word);
}

// The number behind `key` in lines of "key value" or "key: value".
inline std::optional<std::uint64_t> field_of(const std::string& text, const std::string& key) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with(key)) continue;
        const char separator = line.size() > key.size() ? line[key.size()] : '\0';
        if (separator == ' ' || separator == ':') return number_of(line.substr(key.size() + 1));
    }
    return {};
}

}  // namespace scale::hardware

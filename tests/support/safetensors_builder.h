// Writes safetensors files entry by entry, right or deliberately wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scale::test {

class SafetensorsBuilder {
  public:
    std::optional<std::uint64_t> claimed_header;  // the length in front of the header, where it is to lie

    // One more member of the header, as it stands: "\"x\":{…}".
    SafetensorsBuilder& raw_entry(const std::string& json) {
        header_ += (header_.empty() ? "" : ",") + json;
        return *this;
    }
    // A tensor behind the ones before it; `shape` as JSON: "[2,3]".
    SafetensorsBuilder& tensor(std::string_view name, std::string_view dtype, std::string_view shape,
                               const std::string& data) {
        const std::string offsets = std::to_string(data_.size()) + "," + std::to_string(data_.size() + data.size());
        data_ += data;
        return entry(name, dtype, shape, offsets);
    }
    // A header entry with these offsets and no data of its own.
    SafetensorsBuilder& entry(std::string_view name, std::string_view dtype, std::string_view shape,
                              const std::string& offsets) {
        return raw_entry("\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) +
                         "\",\"shape\":" + std::string(shape) + ",\"data_offsets\":[" + offsets + "]}");
    }
    SafetensorsBuilder& data(const std::string& bytes) {
        data_ += bytes;
        return *this;
    }

    std::string build() const { return with_header("{" + header_ + "}"); }

    // The file with this header instead.
    std::string with_header(const std::string& json) const {
        const std::uint64_t length = claimed_header.value_or(json.size());
        return std::string(reinterpret_cast<const char*>(&length), sizeof length) + json + data_;
    }

  private:
    std::string header_;
    std::string data_;
};

// F16 2 × 3, BF16 4, I32 of one number, and an empty F32.
inline SafetensorsBuilder small_safetensors() {
    SafetensorsBuilder builder;
    builder.raw_entry(R"("__metadata__":{"format":"pt"})");
    builder.tensor("a.weight", "F16", "[2,3]", std::string("\x00\x3c\x00\xc0\x00\x00\xff\x7b\x01\x00\x00\x38", 12));
    builder.tensor("b.weight", "BF16", "[4]", std::string("\x80\x3f\x00\xc0\x00\x00\x20\x41", 8));
    builder.tensor("count", "I32", "[]", std::string("\xfe\xff\xff\xff", 4));
    builder.tensor("none", "F32", "[0,8]", "");
    return builder;
}

}  // namespace scale::test

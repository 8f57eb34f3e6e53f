// SHA-256 (FIPS 180-4, by OpenSSL) of bytes and files; digests are 64 lower-case hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scale::core {

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::string_view bytes);
    void update(const void* bytes, std::size_t size);
    std::array<std::uint8_t, 32> digest();  // ends the computation
    std::string hex();                      // ends the computation

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

// Streams the file. `progress` (may be empty) is called with the bytes done so far.
std::string sha256_file(const std::filesystem::path& path, const std::function<void(std::uint64_t)>& progress = {});

// Does the text look like a digest of these functions?
bool is_sha256(std::string_view text);

std::string to_hex(const std::uint8_t* bytes, std::size_t size);

}  // namespace scale::core

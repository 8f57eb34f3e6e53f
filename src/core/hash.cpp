#include "core/hash.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <openssl/evp.h>

#include "core/error.h"

namespace scale::core {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    if (!state_->context || EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1)
        throw io_error("OpenSSL offers no SHA-256");
}
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
    update(bytes.data(), bytes.size());
}
void Sha256::update(const void* bytes, std::size_t size) {
    EVP_DigestUpdate(state_->context, bytes, size);
}

std::array<std::uint8_t, 32> Sha256::digest() {
    std::array<std::uint8_t, 32> result{};
    EVP_DigestFinal_ex(state_->context, result.data(), nullptr);
    return result;
}

std::string Sha256::hex() {
    const auto bytes = digest();
    return to_hex(bytes.data(), bytes.size());
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string to_hex(const std::uint8_t* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.hex();
}

std::string sha256_file(const std::filesystem::path& path, const std::function<void(std::uint64_t)>& progress) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw system_error("cannot read " + path.string(), errno);
    Sha256 hash;
    std::vector<char> buffer(1 << 20);
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t got = ::read(file, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int reason = errno;
            ::close(file);
            throw system_error("cannot read " + path.string(), reason);
        }
        if (got == 0) break;
        hash.update(buffer.data(), static_cast<std::size_t>(got));
        done += static_cast<std::uint64_t>(got);
        if (progress) progress(done);
    }
    ::close(file);
    return hash.hex();
}

}  // namespace scale::core

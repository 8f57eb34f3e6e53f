#include "rollout/assignment/secret.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"

namespace scale::rollout {

namespace {

constexpr std::size_t secret_bytes = 32;

bool is_hexadecimal(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Appears under its name whole or not at all: link fails where another process was first.
void make_secret(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::path fresh = file;
    fresh += "." + std::to_string(::getpid());
    core::FileDescriptor out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out) throw core::system_error("cannot write " + fresh.string(), errno);
    core::write_all(out.get(), random_hex(secret_bytes) + "\n", fresh.string());
    if (::fsync(out.get()) != 0) throw core::system_error("cannot write " + fresh.string(), errno);
    const bool linked = ::link(fresh.c_str(), file.c_str()) == 0;
    const int reason = errno;
    ::unlink(fresh.c_str());
    if (!linked && reason != EEXIST) throw core::system_error("cannot write " + file.string(), reason);
    core::sync_folder(file.parent_path());
}

}  // namespace

std::string random_hex(std::size_t bytes) {
    std::vector<std::uint8_t> random(bytes);
    std::size_t filled = 0;
    while (filled < bytes) {
        const ssize_t got = ::getrandom(random.data() + filled, bytes - filled, 0);
        if (got < 0 && errno != EINTR) throw core::system_error("cannot get random bytes", errno);
        if (got > 0) filled += static_cast<std::size_t>(got);
    }
    return core::to_hex(random.data(), random.size());
}

std::string load_or_make_secret(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) make_secret(file);
    const std::string text = core::trimmed(core::read_file(file, 4096));
    if (text.size() != 2 * secret_bytes || !is_hexadecimal(text))
        throw core::input_error(file.string() + " does not hold a secret", "64 hexadecimal digits",
                                "restore it from a copy; a new one would assign every user anew");
    return text;
}

bool same_secret(std::string_view left, std::string_view right) {
    if (left.size() != right.size() || left.empty()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) difference |= static_cast<unsigned char>(left[i] ^ right[i]);
    return difference == 0;
}

}  // namespace scale::rollout

#include "core/secret_file.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string_view>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"

namespace scale::core {

namespace {

constexpr std::size_t secret_bytes = 32;

bool is_secret(std::string_view text) {
    return text.size() == 2 * secret_bytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// link fails where another process was first.
void make_secret(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::path fresh = file;
    fresh += "." + std::to_string(::getpid());
    const FileDescriptor out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out) throw system_error("cannot write " + fresh.string(), errno);
    write_all(out.get(), random_hex(secret_bytes) + "\n", fresh.string());
    if (::fsync(out.get()) != 0) throw system_error("cannot write " + fresh.string(), errno);
    const bool linked = ::link(fresh.c_str(), file.c_str()) == 0;
    const int reason = errno;
    ::unlink(fresh.c_str());
    if (!linked && reason != EEXIST) throw system_error("cannot write " + file.string(), reason);
    sync_folder(file.parent_path());
}

}  // namespace

std::string random_hex(std::size_t bytes) {
    std::vector<std::uint8_t> random(bytes);
    std::size_t filled = 0;
    while (filled < bytes) {
        const ssize_t got = ::getrandom(random.data() + filled, bytes - filled, 0);
        if (got < 0 && errno != EINTR) throw system_error("cannot get random bytes", errno);
        if (got > 0) filled += static_cast<std::size_t>(got);
    }
    return to_hex(random.data(), random.size());
}

std::string load_or_make_secret(const std::filesystem::path& file, const std::string& next_step) {
    if (!std::filesystem::exists(file)) make_secret(file);
    std::string text = trimmed(read_file(file, 4096));
    if (!is_secret(text))
        throw input_error(file.string() + " does not hold a secret", "64 hexadecimal digits", next_step);
    return text;
}

}  // namespace scale::core

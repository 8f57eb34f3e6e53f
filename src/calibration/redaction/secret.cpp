#include "calibration/redaction/secret.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

#include <openssl/rand.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t secret_bytes = 32;

std::string random_secret() {
    std::array<std::uint8_t, secret_bytes> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw core::io_error("the system gives no random bytes", "OpenSSL's generator");
    return core::to_hex(bytes.data(), bytes.size());
}

bool is_secret(const std::string& text) {
    return text.size() == 2 * secret_bytes && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string redaction_secret(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    // Exclusive, so that of two commands at once one makes it and both read the same.
    const core::FileDescriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (made)
        core::write_all(made.get(), random_secret() + "\n", file.string());
    else if (errno != EEXIST)
        throw core::system_error("cannot make " + file.string(), errno);
    const std::string secret = core::trimmed(core::read_file(file, 4096));
    if (!is_secret(secret))
        throw core::input_error(file.string() + " does not hold a secret", "64 hexadecimal digits",
                                "remove the file; pseudonyms will differ from earlier sets of this pass");
    return secret;
}

}  // namespace scale::calibration

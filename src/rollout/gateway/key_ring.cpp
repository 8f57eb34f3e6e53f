#include "rollout/gateway/key_ring.h"

#include <sstream>
#include <sys/stat.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace scale::rollout {

namespace {

constexpr std::size_t shortest_key = 16;
constexpr std::size_t largest_file = 1 << 20;

}  // namespace

KeyRing::KeyRing(const std::filesystem::path& file) {
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0)
        throw core::input_error(fmt::format("the file of API keys {} is missing", file.string()), "one key a line");
    if ((facts.st_mode & 077) != 0)
        throw core::input_error(fmt::format("the file of API keys {} can be read by others", file.string()),
                                "a file that only its owner can read", fmt::format("chmod 600 {}", file.string()));
    std::istringstream lines(core::read_file(file, largest_file));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty() || line.front() == '#') continue;
        if (line.size() < shortest_key)
            throw core::input_error(fmt::format("the key in line {} of {} is too short", number, file.string()),
                                    fmt::format("at least {} characters", shortest_key), "openssl rand -hex 24");
        digests_.insert(core::sha256_hex(line));
    }
    if (digests_.empty())
        throw core::input_error(fmt::format("the file of API keys {} holds no key", file.string()), "one key a line",
                                "openssl rand -hex 24");
}

bool KeyRing::holds(std::string_view key) const {
    return digests_.contains(core::sha256_hex(key));
}

}  // namespace scale::rollout

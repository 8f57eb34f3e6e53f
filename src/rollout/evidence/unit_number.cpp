#include "rollout/evidence/unit_number.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace scale::rollout {

std::uint64_t unit_number(const std::string& digest) {
    std::uint64_t number = 0;
    const char* begin = digest.data();
    const auto parsed = std::from_chars(begin, begin + std::min<std::size_t>(16, digest.size()), number, 16);
    return parsed.ec == std::errc{} ? number : std::hash<std::string>{}(digest);
}

Assigned assigned(const Admit& admit) {
    return {unit_number(admit.unit), admit.arm, admit.propensity};
}

}  // namespace scale::rollout

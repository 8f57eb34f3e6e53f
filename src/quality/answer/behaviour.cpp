#include "quality/answer/behaviour.h"

#include <algorithm>

#include "core/text.h"

namespace scale::quality {
namespace {

constexpr std::size_t shortest_loop = 96, longest_period = 400, opening = 240;

bool periodic(const std::string& text, std::size_t period) {
    const std::size_t length = std::max(shortest_loop, 4 * period);
    if (text.size() < length) return false;
    return std::equal(text.end() - static_cast<std::ptrdiff_t>(length - period), text.end(),
                      text.end() - static_cast<std::ptrdiff_t>(length));
}

}  // namespace

bool repeats_itself(const std::string& text) {
    const std::string whole = core::trimmed(text);
    // The limit may have cut the last repetition anywhere, which does not matter to a period.
    for (std::size_t period = 1; period <= longest_period && 4 * period <= whole.size(); ++period)
        if (periodic(whole, period)) return true;
    return false;
}

bool declines(const std::string& text) {
    std::string start = core::to_lower(core::trimmed(text).substr(0, opening));
    for (std::size_t at = 0; (at = start.find("\u2019", at)) != std::string::npos;) start.replace(at, 3, 1, '\'');
    for (const char* phrase :
         {"i can't help",     "i cannot help",     "i can't assist",     "i cannot assist",         "i can't provide",
          "i cannot provide", "i can't fulfill",   "i cannot fulfill",   "i can't do that",         "i cannot do that",
          "i'm unable to",    "i am unable to",    "i'm not able to",    "i am not able to",        "i won't be able",
          "i'm sorry, but i", "i am sorry, but i", "i apologize, but i", "as an ai language model", "i must decline",
          "i can't comply",   "i cannot comply"})
        if (start.find(phrase) != std::string::npos) return true;
    return false;
}

}  // namespace scale::quality

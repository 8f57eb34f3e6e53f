#include <algorithm>

#include "calibration/redaction/finding.h"
#include "core/text.h"

namespace scale::calibration {

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
    return (begin == 0 || !is_word_byte(text[begin - 1])) && (end >= text.size() || !is_word_byte(text[end]));
}

bool has_context(std::string_view text, std::size_t place, std::size_t reach,
                 const std::vector<std::string_view>& words) {
    const std::size_t from = place > reach ? place - reach : 0;
    const std::string before = core::to_lower(text.substr(from, place - from));
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        for (auto at = before.find(word); at != std::string::npos; at = before.find(word, at + 1))
            if (at == 0 || !is_word_byte(before[at - 1])) return true;
        return false;
    });
}

}  // namespace scale::calibration

// Calls RE2 over a whole text.
#pragma once

#include <re2/re2.h>
#include <string_view>
#include <vector>

namespace scale::calibration {

// Calls visit(groups) for every match from left to right, groups[0] being the whole; matches do not overlap.
template <int groups, typename Visit>
void each_match(const re2::RE2& pattern, std::string_view text, const Visit& visit) {
    const re2::StringPiece whole(text.data(), text.size());
    std::size_t at = 0;
    re2::StringPiece pieces[groups];
    while (at <= text.size() && pattern.Match(whole, at, text.size(), re2::RE2::UNANCHORED, pieces, groups)) {
        std::string_view views[groups];
        for (int i = 0; i < groups; ++i)
            if (pieces[i].data() != nullptr) views[i] = {pieces[i].data(), pieces[i].size()};
        visit(views);
        const std::size_t end = static_cast<std::size_t>(pieces[0].data() - text.data()) + pieces[0].size();
        at = end > at ? end : at + 1;
    }
}

inline std::size_t offset_in(std::string_view text, std::string_view piece) {
    return static_cast<std::size_t>(piece.data() - text.data());
}

}  // namespace scale::calibration

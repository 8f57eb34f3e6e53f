#include "report/text_diff.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace scale::report {

namespace {

constexpr std::size_t most_words = 2000;

// Words with the white space before them; what is beyond the limit is one last word.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    const auto is_space = [&](std::size_t at) { return std::isspace(static_cast<unsigned char>(text[at])) != 0; };
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && is_space(end)) ++end;
        while (end < text.size() && !is_space(end)) ++end;
        if (words.size() + 1 == most_words) end = text.size();
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::string_view bare(std::string_view word) {
    const std::size_t begin = word.find_first_not_of(" \t\r\n\v\f");
    return begin == std::string_view::npos ? std::string_view{} : word.substr(begin);
}

void add(std::vector<Piece>& pieces, std::string_view word, bool differs) {
    if (pieces.empty() || pieces.back().differs != differs) pieces.push_back({"", differs});
    pieces.back().text += word;
}

}  // namespace

std::pair<std::vector<Piece>, std::vector<Piece>> compare_words(std::string_view first, std::string_view second) {
    const auto a = words_of(first);
    const auto b = words_of(second);
    // common[i][j]: length of the longest common subsequence of a from i and b from j.
    const std::size_t columns = b.size() + 1;
    std::vector<std::uint16_t> common((a.size() + 1) * columns, 0);
    const auto at = [&](std::size_t i, std::size_t j) -> std::uint16_t& { return common[i * columns + j]; };
    for (std::size_t i = a.size(); i-- > 0;)
        for (std::size_t j = b.size(); j-- > 0;)
            at(i, j) = bare(a[i]) == bare(b[j]) ? static_cast<std::uint16_t>(at(i + 1, j + 1) + 1)
                                                : std::max(at(i + 1, j), at(i, j + 1));
    std::pair<std::vector<Piece>, std::vector<Piece>> result;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
        if (i < a.size() && j < b.size() && bare(a[i]) == bare(b[j])) {
            add(result.first, a[i++], false);
            add(result.second, b[j++], false);
        } else if (j == b.size() || (i < a.size() && at(i + 1, j) >= at(i, j + 1))) {
            add(result.first, a[i++], true);
        } else {
            add(result.second, b[j++], true);
        }
    }
    return result;
}

}  // namespace scale::report

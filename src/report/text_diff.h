// What differs between two answers, by words.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scale::report {

// A run of a text that the other one has too, or lacks.
struct Piece {
    std::string text;
    bool differs = false;
};

// Both texts cut into pieces; joined again they are the texts. The words in common are a longest common subsequence
// (Hunt and Szymanski, Communications of the ACM 20(5), 1977, §1 for the problem; solved here by the quadratic table).
// Beyond 2000 words of either text the rest counts as one difference.
std::pair<std::vector<Piece>, std::vector<Piece>> compare_words(std::string_view first, std::string_view second);

}  // namespace scale::report

#include "report/text_diff.h"

#include <gtest/gtest.h>

namespace scale::report {
namespace {

std::string joined(const std::vector<Piece>& pieces) {
    std::string text;
    for (const Piece& piece : pieces) text += piece.text;
    return text;
}

// "the [big] dog": what differs in brackets.
std::string marked(const std::vector<Piece>& pieces) {
    std::string text;
    for (const Piece& piece : pieces) text += piece.differs ? "[" + piece.text + "]" : piece.text;
    return text;
}

TEST(CompareWords, MarksWhatTheOtherLacks) {
    const auto [first, second] = compare_words("so 6 × 7 = 42 pens", "so 6 + 7 = 13 pens");
    EXPECT_EQ(marked(first), "so 6[ ×] 7 =[ 42] pens");
    EXPECT_EQ(marked(second), "so 6[ +] 7 =[ 13] pens");
}

TEST(CompareWords, EqualTextsHaveNoMarksWhateverTheirWhiteSpace) {
    const auto [first, second] = compare_words("one  two\nthree", "one two three");
    EXPECT_EQ(marked(first), "one  two\nthree");
    EXPECT_EQ(marked(second), "one two three");
}

TEST(CompareWords, PiecesAreTheTextsAgain) {
    for (const char* text : {"", " ", "a", "  lead and trail  ", "a b c d e f g"}) {
        const auto [first, second] = compare_words(text, "b d x");
        EXPECT_EQ(joined(first), text);
        EXPECT_EQ(joined(second), "b d x");
    }
}

TEST(CompareWords, OneTextEmptyIsAllDifferent) {
    const auto [first, second] = compare_words("", "all new");
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(marked(second), "[all new]");
}

TEST(CompareWords, VeryLongTextsAreCutIntoBoundedWork) {
    std::string longer;
    for (int i = 0; i < 100000; ++i) longer += "word ";
    const auto [first, second] = compare_words(longer, longer + "end");
    EXPECT_EQ(joined(first), longer);
    EXPECT_EQ(joined(second), longer + "end");
    EXPECT_TRUE(second.back().differs);
}

}  // namespace
}  // namespace scale::report

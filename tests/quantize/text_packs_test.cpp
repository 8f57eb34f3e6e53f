#include "quantize/text_packs.h"

#include <set>

#include <gtest/gtest.h>

namespace scale::quantize {
namespace {

std::vector<model::TokenSequence> texts(const std::vector<std::size_t>& lengths) {
    std::vector<model::TokenSequence> set;
    for (const std::size_t length : lengths) set.push_back({"id", "s", "t", std::vector<std::int32_t>(length, 1)});
    return set;
}

TEST(TextPacks, HoldEveryTextOnceInItsHalfWithinAPass) {
    std::vector<std::size_t> lengths;
    for (std::size_t i = 0; i < 301; ++i) lengths.push_back(1 + i * 7919 % 400);
    lengths[17] = 3000;
    const auto set = texts(lengths);
    std::set<std::size_t> seen;
    int half = 0;
    for (const TextPack& pack : pack_texts(set)) {
        ASSERT_FALSE(pack.texts.empty());
        EXPECT_GE(pack.half, half) << "half 0 comes first";
        half = pack.half;
        std::size_t tokens = 0;
        for (const std::size_t i : pack.texts) {
            EXPECT_EQ(static_cast<int>(i % 2), pack.half);
            EXPECT_TRUE(seen.insert(i).second);
            tokens += lengths[i];
        }
        EXPECT_TRUE(pack.texts.size() == 1 || tokens <= 512);
        EXPECT_LE(static_cast<int>(pack.texts.size()), pack_session(3000, 1).sequences);
        EXPECT_LE(static_cast<int>(tokens), pack_session(3000, 1).cells);
    }
    EXPECT_EQ(seen.size(), set.size());
}

TEST(TextPacks, ShortTextsShareAPass) {
    EXPECT_EQ(pack_texts(texts(std::vector<std::size_t>(32, 20))).size(), 2u);
    EXPECT_TRUE(pack_texts({}).empty());
}

}  // namespace
}  // namespace scale::quantize

#include "quantize/import/on_grid.h"

#include <cmath>
#include <rapidcheck.h>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"
#include "quantize/grid/half.h"
#include "quantize/random_codes.h"
#include "quantize/rounding/feedback.h"

namespace scale::quantize {
namespace {

std::vector<float> decode(const Grid& grid, const Scales& scales, const std::vector<std::uint8_t>& codes) {
    std::vector<std::byte> bytes(grid.bytes);
    pack(grid, scales, codes, bytes.data());
    return engine::decode_rows(model::tensor_type(grid.type)->id, bytes.data(), codes.size(), 1);
}

class OnGrid : public ::testing::TestWithParam<Grid> {
  protected:
    // The values come back, weight by weight, through the engine's decoder.
    static bool comes_back(const Grid& grid, const std::vector<float>& values) {
        const auto point = exactly_on_grid(grid, values);
        return point && decode(grid, point->scales, point->codes) == values;
    }
};

// As training would leave them: scales of ordinary sizes, any sub-scales and codes.
TEST_P(OnGrid, FindsWhateverScalesAndCodesStandFor) {
    const Grid& grid = GetParam();
    EXPECT_TRUE(rc::check([&] {
        core::Random random(*rc::gen::inRange<std::uint64_t>(0, 1 << 30));
        Scales scales;
        scales.d = to_half(static_cast<float>(std::exp(random.normal()) * 1e-4));
        if (grid.has_minimum()) scales.dmin = to_half(static_cast<float>(std::exp(random.normal()) * 2e-4));
        draw_sub_scales(grid, random, scales);
        RC_ASSERT(comes_back(grid, decode(grid, scales, draw_codes(grid, random))));
    }));
}

TEST_P(OnGrid, FindsWhatARoundingLeft) {
    const Grid& grid = GetParam();
    core::Random random(9);
    constexpr int rows = 30;
    const auto width = static_cast<std::size_t>(grid.superblock);
    std::vector<float> weights(rows * width);
    for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i] = static_cast<float>(random.normal() * 0.05 * (i / width % 3 == 0 ? 20 : 1));
    const auto decoded = round_nearest(grid, weights, rows, std::vector<float>(width, 1.0f)).decoded;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto first = decoded.begin() + static_cast<std::ptrdiff_t>(row * width);
        EXPECT_TRUE(comes_back(grid, std::vector<float>(first, first + grid.superblock))) << row;
    }
}

TEST_P(OnGrid, FindsZerosAndConstants) {
    const Grid& grid = GetParam();
    const auto width = static_cast<std::size_t>(grid.superblock);
    EXPECT_TRUE(comes_back(grid, std::vector<float>(width, 0.0f)));
    EXPECT_TRUE(comes_back(grid, std::vector<float>(width, 0.5f)));
}

// One weight moved by the least that a float can: no scales hold that, and no tolerance hides it.
TEST_P(OnGrid, RefusesWhatLiesBesideIt) {
    const Grid& grid = GetParam();
    core::Random random(4);
    Scales scales;
    scales.d = to_half(0.0013f);
    if (grid.has_minimum()) scales.dmin = to_half(0.0021f);
    draw_sub_scales(grid, random, scales);
    auto values = decode(grid, scales, draw_codes(grid, random));
    ASSERT_TRUE(comes_back(grid, values));
    std::size_t at = 5;
    while (values[at] == 0) ++at;
    values[at] = std::nextafter(values[at], 10.0f);
    EXPECT_FALSE(exactly_on_grid(grid, values).has_value());
    values[at] = NAN;
    EXPECT_FALSE(exactly_on_grid(grid, values).has_value());
}

INSTANTIATE_TEST_SUITE_P(Ggml, OnGrid, ::testing::ValuesIn(all_grids().begin(), all_grids().end()),
                         [](const auto& grid) { return std::string(grid.param.type); });

}  // namespace
}  // namespace scale::quantize

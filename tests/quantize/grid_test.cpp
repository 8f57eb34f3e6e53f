#include "quantize/grid/grid.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"
#include "quantize/grid/fit.h"
#include "quantize/grid/half.h"
#include "quantize/random_codes.h"

namespace scale::quantize {
namespace {

std::vector<float> random_weights(std::size_t count, std::uint64_t seed) {
    core::Random random(seed);
    std::vector<float> weights(count);
    for (auto& weight : weights) weight = static_cast<float>(random.normal() * (random.below(50) == 0 ? 0.3 : 0.05));
    return weights;
}

class EveryGrid : public ::testing::TestWithParam<Grid> {};

TEST_P(EveryGrid, HasTheEnginesBlockSize) {
    const Grid& grid = GetParam();
    const model::TensorType* type = model::tensor_type(grid.type);
    ASSERT_NE(type, nullptr);
    EXPECT_EQ(grid.superblock % static_cast<int>(type->block), 0);
    EXPECT_EQ(grid.bytes, static_cast<std::size_t>(grid.superblock) / type->block * type->bytes);
}

// Scales and codes drawn at random over their whole ranges: the engine must decode exactly what steps_of says.
TEST_P(EveryGrid, BytesDecodeToTheValuesTheyStandFor) {
    const Grid& grid = GetParam();
    core::Random random(7, grid.type);
    for (int round = 0; round < 50; ++round) {
        Scales scales;
        scales.d = to_half(static_cast<float>(random.normal() * 0.01));
        scales.dmin = to_half(static_cast<float>(std::fabs(random.normal()) * 0.01));
        if (!grid.has_minimum()) scales.dmin = 0;
        draw_sub_scales(grid, random, scales);
        const std::vector<std::uint8_t> codes = draw_codes(grid, random);
        std::vector<std::byte> bytes(grid.bytes);
        pack(grid, scales, codes, bytes.data());
        const auto decoded = engine::decode_rows(model::tensor_type(grid.type)->id, bytes.data(), codes.size(), 1);
        const Steps steps = steps_of(grid, scales);
        for (int j = 0; j < grid.superblock; ++j)
            ASSERT_EQ(decoded[static_cast<std::size_t>(j)],
                      value_of(grid, steps, j / grid.sub, codes[static_cast<std::size_t>(j)]))
                << j;
        if (grid.has_codebook()) continue;
        std::vector<std::uint8_t> read(codes.size());
        const Scales found = unpack(grid, bytes, read);
        ASSERT_EQ(read, codes);
        ASSERT_EQ(found.d, scales.d);
        ASSERT_EQ(found.dmin, scales.dmin);
        ASSERT_EQ(found.s, scales.s);
        if (grid.min_high > 0) {
            ASSERT_EQ(found.m, scales.m);
        }
    }
}

TEST_P(EveryGrid, NearestCodeIsNearest) {
    const Grid& grid = GetParam();
    core::Random random(3);
    for (int round = 0; round < 500; ++round) {
        const auto wanted = static_cast<float>(random.normal() * 60);
        const int code = grid.nearest_code(wanted);
        for (int other = 0; other < grid.codes; ++other)
            ASSERT_LE(std::fabs(wanted - grid.level(code)), std::fabs(wanted - grid.level(other)) + 1e-4f);
    }
}

TEST_P(EveryGrid, SearchBeatsThePlainScaleAndRespectsImportance) {
    const Grid& grid = GetParam();
    const auto width = static_cast<std::size_t>(grid.superblock);
    const auto error = [&](const Scales& scales, const std::vector<float>& w, const std::vector<float>& h) {
        const Steps steps = steps_of(grid, scales);
        std::vector<std::uint8_t> codes(width);
        nearest_codes(grid, scales, w, h, codes.data());
        double sum = 0;
        for (int j = 0; j < grid.superblock; ++j) {
            const auto i = static_cast<std::size_t>(j);
            const float value = value_of(grid, steps, j / grid.sub, codes[i]);
            sum += static_cast<double>(h[i]) * (w[i] - value) * (w[i] - value);
        }
        return sum;
    };
    core::Random random(11);
    double uniform_fit = 0, weighted_fit = 0;
    for (std::uint64_t round = 0; round < 40; ++round) {
        const auto w = random_weights(width, round);
        std::vector<float> h(width), ones(width, 1.0f);
        for (auto& value : h) value = static_cast<float>(std::exp(2 * random.normal()));
        uniform_fit += error(fit_scales(grid, w, ones), w, h);
        weighted_fit += error(fit_scales(grid, w, h), w, h);
    }
    EXPECT_LT(weighted_fit, 0.97 * uniform_fit);
}

TEST_P(EveryGrid, ZerosAndHugeWeightsStayFinite) {
    const Grid& grid = GetParam();
    const auto width = static_cast<std::size_t>(grid.superblock);
    const std::vector<float> ones(width, 1.0f), none(width, 0.0f);
    std::vector<float> huge(width, 1000.0f), constant(width, -0.5f);
    huge[3] = -3000.0f;
    for (const auto& w : {none, huge, constant}) {
        const Steps steps = steps_of(grid, fit_scales(grid, w, none));
        for (int j = 0; j < grid.superblock; ++j) {
            const float value = value_of(grid, steps, j / grid.sub,
                                         nearest_code(grid, steps, j / grid.sub, w[static_cast<std::size_t>(j)]));
            ASSERT_TRUE(std::isfinite(value));
            ASSERT_TRUE(w[0] != 0.0f || value == 0.0f);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ggml, EveryGrid, ::testing::ValuesIn(all_grids().begin(), all_grids().end()),
                         [](const auto& grid) { return std::string(grid.param.type); });

TEST(Half, RoundTripsEveryValueAndRoundsToEven) {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = from_half(half);
        ASSERT_TRUE(value != value || to_half(value) == half) << bits;
    }
    EXPECT_EQ(to_half(65520.0f), 0x7c00);
    EXPECT_EQ(to_half(65519.0f), 0x7bff);
    EXPECT_EQ(to_half(1.0f + 0x1p-11f), 0x3c00);
    EXPECT_EQ(to_half(1.0f + 3 * 0x1p-11f), 0x3c02);
    EXPECT_EQ(to_half(0x1p-25f), 0x0000);
    EXPECT_EQ(to_half(1.5f * 0x1p-25f), 0x0001);
}

}  // namespace
}  // namespace scale::quantize

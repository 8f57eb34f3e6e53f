// What holds for every grid and every input, drawn and shrunk by RapidCheck. RC_PARAMS="seed=… max_success=…" in the
// environment draws other cases, or more.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <rapidcheck.h>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"
#include "quantize/grid/fit.h"
#include "quantize/grid/half.h"
#include "quantize/random_codes.h"
#include "quantize/rounding/feedback.h"

namespace scale::quantize {
namespace {

const int draws_are_fixed = ::setenv("RC_PARAMS", "seed=20261124 max_success=60", 0);

enum class Shape { normal, sparse, constant_rows, one_outlier, zero, heavy_tails, one_weight, alternating, shapes };
enum class Columns { uniform, unseen, uneven, dead_half, steep, kinds };

// Few numbers that say everything, so that a failing case shrinks to a readable one.
struct Case {
    std::uint64_t seed;
    Shape shape;
    Columns columns;
    int exponent;  // of the weights' size, to base 10
    int rows;
    int blocks;  // superblocks a row
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << "seed " << c.seed << ", shape " << static_cast<int>(c.shape) << ", columns "
               << static_cast<int>(c.columns) << ", 1e" << c.exponent << ", " << c.rows << " × " << c.blocks;
}

Case any_case() {
    Case c{};
    c.seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    c.shape = static_cast<Shape>(*rc::gen::inRange(0, static_cast<int>(Shape::shapes)));
    c.columns = static_cast<Columns>(*rc::gen::inRange(0, static_cast<int>(Columns::kinds)));
    c.exponent = *rc::gen::weightedOneOf<int>(
        {{4, rc::gen::inRange(-4, 2)}, {1, rc::gen::inRange(-44, -4)}, {1, rc::gen::inRange(2, 31)}});
    c.rows = *rc::gen::inRange(1, 4);
    c.blocks = *rc::gen::inRange(1, 4);
    return c;
}

float weight(const Case& c, core::Random& random, int row, int column, int outlier) {
    const double draw = random.normal();
    switch (c.shape) {
        case Shape::sparse:
            return random.below(2) == 0 ? 0.0f : static_cast<float>(draw);
        case Shape::constant_rows:
            return row == 0 ? 1.0f : -0.5f;
        case Shape::one_outlier:
            return static_cast<float>(column == outlier ? 3000 * draw : draw);
        case Shape::zero:
            return 0;
        case Shape::heavy_tails:
            return static_cast<float>(draw * draw * draw * draw * draw);
        case Shape::one_weight:
            return column == outlier ? static_cast<float>(draw) : 0.0f;
        case Shape::alternating:
            return column % 2 == 0 ? 1.0f : -1.0f;
        default:
            return static_cast<float>(draw);
    }
}

std::vector<float> weights_of(const Case& c, int columns) {
    core::Random random(c.seed);
    const auto size = static_cast<float>(std::pow(10.0, c.exponent));
    std::vector<float> weights;
    for (int row = 0; row < c.rows; ++row) {
        const auto outlier = static_cast<int>(random.below(static_cast<std::uint64_t>(columns)));
        for (int column = 0; column < columns; ++column)
            weights.push_back(size * weight(c, random, row, column, outlier));
    }
    return weights;
}

std::vector<float> importance_of(const Case& c, int columns) {
    core::Random random(c.seed, "importance");
    std::vector<float> importance;
    for (int column = 0; column < columns; ++column) {
        const double draw = std::exp(random.normal());
        switch (c.columns) {
            case Columns::uniform:
                importance.push_back(1);
                break;
            case Columns::unseen:
                importance.push_back(0);
                break;
            case Columns::dead_half:
                importance.push_back(column % 2 == 0 ? 0.0f : static_cast<float>(draw));
                break;
            case Columns::steep:
                importance.push_back(static_cast<float>(std::pow(draw, 12.0)));
                break;
            default:
                importance.push_back(static_cast<float>(draw));
                break;
        }
    }
    return importance;
}

double weighted_squares(const std::vector<float>& weights, const std::vector<float>& values,
                        const std::vector<float>& importance) {
    bool unseen = true;
    for (const float h : importance) unseen = unseen && h == 0;
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double off = static_cast<double>(weights[i]) - values[i];
        sum += off * off * (unseen ? 1.0 : static_cast<double>(importance[i % importance.size()]));
    }
    return sum;
}

// The engine's decoder gives exactly the values that are reported, and none is NaN or infinite.
void require_exact_bytes(const Grid& grid, const RoundedRows& rounded, const Case& c) {
    const auto columns = static_cast<std::uint64_t>(c.blocks * grid.superblock);
    RC_ASSERT(rounded.packed.size() == static_cast<std::size_t>(c.rows * c.blocks) * grid.bytes);
    RC_ASSERT(rounded.decoded.size() == static_cast<std::size_t>(c.rows) * columns);
    const auto decoded = engine::decode_rows(model::tensor_type(grid.type)->id, rounded.packed.data(), columns,
                                             static_cast<std::uint64_t>(c.rows));
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        RC_ASSERT(std::isfinite(decoded[i]));
        RC_ASSERT(decoded[i] == rounded.decoded[i]);
    }
}

class PackerProperty : public ::testing::TestWithParam<Grid> {};

TEST_P(PackerProperty, AnyScalesAndCodesDecodeExactly) {
    const Grid& grid = GetParam();
    EXPECT_TRUE(rc::check([&] {
        core::Random random(*rc::gen::inRange<std::uint64_t>(0, 1 << 30));
        const auto finite = [&] {
            return static_cast<std::uint16_t>(random.below(0x7c00) | (random.below(2) == 1 ? 0x8000u : 0u));
        };
        Scales scales;
        scales.d = finite();
        if (grid.has_minimum()) scales.dmin = finite();
        draw_sub_scales(grid, random, scales);
        const auto codes = draw_codes(grid, random);
        std::vector<std::byte> bytes(grid.bytes);
        pack(grid, scales, codes, bytes.data());
        const auto decoded = engine::decode_rows(model::tensor_type(grid.type)->id, bytes.data(), codes.size(), 1);
        const Steps steps = steps_of(grid, scales);
        for (int j = 0; j < grid.superblock; ++j)
            RC_ASSERT(decoded[static_cast<std::size_t>(j)] ==
                      value_of(grid, steps, j / grid.sub, codes[static_cast<std::size_t>(j)]));
    }));
}

TEST_P(PackerProperty, NearestRoundingIsExactFiniteRepeatableAndNeverWorseThanZero) {
    const Grid& grid = GetParam();
    EXPECT_TRUE(rc::check([&] {
        const Case c = any_case();
        RC_LOG() << c;
        const int columns = c.blocks * grid.superblock;
        const auto weights = weights_of(c, columns);
        const auto importance = importance_of(c, columns);
        const RoundedRows rounded = round_nearest(grid, weights, c.rows, importance);
        require_exact_bytes(grid, rounded, c);
        RC_ASSERT(round_nearest(grid, weights, c.rows, importance).packed == rounded.packed);
        const std::vector<float> nothing(weights.size(), 0.0f);
        RC_ASSERT(weighted_squares(weights, rounded.decoded, importance) <=
                  (1 + 1e-5) * weighted_squares(weights, nothing, importance));
    }));
}

// A few directions with the importances as their size, and a ridge.
Moments moments_of(const Case& c, int columns) {
    core::Random random(c.seed, "moments");
    const auto size = importance_of(c, columns);
    const auto n = static_cast<std::size_t>(columns);
    Moments moments{columns, std::vector<float>(n * n)};
    for (int direction = 0; direction < 12; ++direction) {
        std::vector<float> x(n);
        for (std::size_t i = 0; i < n; ++i)
            x[i] = std::sqrt(std::min(size[i], 1e4f)) * static_cast<float>(random.normal());
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) moments.values[i * n + j] += x[i] * x[j] / 12;
    }
    return regularised(moments, 0, 0.02);
}

TEST_P(PackerProperty, FeedbackIsExactFiniteRepeatableAndNeverWorseThanZero) {
    const Grid& grid = GetParam();
    EXPECT_TRUE(rc::check([&] {
        Case c = any_case();
        RC_LOG() << c;
        c.exponent = std::min(c.exponent, 4);  // beyond, no stored scale is large enough for compensation to matter
        const int columns = c.blocks * grid.superblock;
        const auto weights = weights_of(c, columns);
        const Moments moments = moments_of(c, columns);
        const FeedbackFactors factors = factorise(moments);
        const RoundedRows rounded = round_with_feedback(grid, weights, c.rows, moments, factors);
        require_exact_bytes(grid, rounded, c);
        RC_ASSERT(round_with_feedback(grid, weights, c.rows, moments, factors).packed == rounded.packed);
        std::vector<float> errors(weights.size());
        for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = weights[i] - rounded.decoded[i];
        RC_ASSERT(proxy_loss(moments, errors, c.rows) <= 1.001 * proxy_loss(moments, weights, c.rows));
    }));
}

INSTANTIATE_TEST_SUITE_P(Ggml, PackerProperty, ::testing::ValuesIn(all_grids().begin(), all_grids().end()),
                         [](const auto& grid) { return std::string(grid.param.type); });

TEST(Codebook, RefusesCodesThatNoEntryHas) {
    const Grid& grid = *find_grid("IQ2_XXS");
    std::vector<std::uint8_t> codes(256, 0);
    std::vector<std::byte> bytes(grid.bytes);
    Scales scales;
    scales.s.fill(1);
    EXPECT_NO_THROW(pack(grid, scales, codes, bytes.data()));
    codes[0] = 3;  // one minus sign: odd
    EXPECT_THROW(pack(grid, scales, codes, bytes.data()), core::Error);
    codes[1] = 3;
    EXPECT_NO_THROW(pack(grid, scales, codes, bytes.data()));
    std::fill_n(codes.begin(), 8, std::uint8_t{2});  // eight times the largest magnitude
    EXPECT_THROW(pack(grid, scales, codes, bytes.data()), core::Error);
}

}  // namespace
}  // namespace scale::quantize

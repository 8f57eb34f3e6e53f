// Compiled with -O3 and -fno-math-errno (CMakeLists.txt), so that the loops over weights become vector code.
#include "quantize/tune/tuned_matrix.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/lanes.h"
#include "core/parallel.h"
#include "quantize/grid/fit.h"
#include "quantize/grid/half.h"
#include "quantize/tiling.h"

namespace scale::quantize {

namespace {

// Positions of one run of weights after a step. All arrays have `count` elements; `gradient` is by the weights, whose
// unit is `scale` a level.
SCALE_CLONES void move_positions(const float* gradient, int count, float scale, const Adam& adam, float rate, float low,
                                 float high, float* position, float* first, float* second) {
    constexpr float tiny = 1e-12f;
    const float b1 = adam.first_decay, b2 = adam.second_decay;
    for (int j = 0; j < count; ++j) {
        const float g = gradient[j] * scale;
        const float m = b1 * first[j] + (1 - b1) * g;
        const float v = b2 * second[j] + (1 - b2) * g * g;
        first[j] = m;
        second[j] = v;
        const float moved = position[j] - rate * m / (std::sqrt(v) + tiny);
        position[j] = moved < low ? low : moved > high ? high : moved;
    }
}

// ∂ decoded weight / ∂d in units of the level, and by dmin.
struct SuperGradient {
    double d = 0;
    double dmin = 0;
};

SuperGradient super_gradient(const Grid& grid, const Scales& scales, const std::uint8_t* codes, const float* gradient) {
    SuperGradient sum;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        double along = 0, plain = 0;
        for (int j = k * grid.sub; j < (k + 1) * grid.sub; ++j) {
            along += static_cast<double>(gradient[j] * grid.level(codes[j]));
            plain += static_cast<double>(gradient[j]);
        }
        sum.d += along * (grid.has_sub_scales() ? scales.s[i] : 1);
        sum.dmin += plain * (grid.min_high > 0 ? -scales.m[i] : grid.min_high < 0 ? 1 : 0);
    }
    return sum;
}

}  // namespace

TunedMatrix::TunedMatrix(QuantisedMatrix start, bool tunes_codes)
    : stored_(std::move(start)), tunes_codes_(tunes_codes) {
    const Grid& grid = *stored_.grid;
    spacing_ = (grid.level(grid.codes - 1) - grid.level(0)) / static_cast<float>(grid.codes - 1);
    double levels = 0;
    for (const std::uint8_t code : stored_.codes) levels += static_cast<double>(std::fabs(grid.level(code)));
    mean_level_ = std::max(1.0f, static_cast<float>(levels / static_cast<double>(stored_.codes.size())) / spacing_);
    if (tunes_codes_) {
        for (const std::uint8_t code : stored_.codes) position_.push_back(grid.level(code));
        first_.resize(position_.size());
        second_.resize(position_.size());
    }
    for (const Scales& scales : stored_.scales) {
        super_.push_back(from_half(scales.d));
        super_.push_back(from_half(scales.dmin));
    }
    super_first_.resize(super_.size());
    super_second_.resize(super_.size());
}

void TunedMatrix::step(std::span<const float> gradient, const Adam& adam, const StepSizes& sizes, int threads) {
    const auto width = static_cast<std::size_t>(stored_.grid->superblock);
    const Tiling tiles(static_cast<int>(stored_.superblocks()), 2048);
    core::run_tasks(tiles.count, threads, [&](int tile) {
        for (int b = tiles.begin(tile); b < tiles.end(tile); ++b)
            step_block(static_cast<std::size_t>(b), gradient.data() + static_cast<std::size_t>(b) * width, adam, sizes);
    });
}

void TunedMatrix::step_block(std::size_t block, const float* gradient, const Adam& adam, const StepSizes& sizes) {
    const SuperGradient by_super =
        super_gradient(*stored_.grid, stored_.scales[block],
                       stored_.codes.data() + block * static_cast<std::size_t>(stored_.grid->superblock), gradient);
    if (tunes_codes_) step_codes(block, gradient, adam, sizes.codes * adam.correction());
    const std::array<double, 2> along{by_super.d, by_super.dmin};
    const float rate = sizes.scales / mean_level_ * adam.correction();
    for (std::size_t p = 0; p < along.size(); ++p) {
        const std::size_t i = 2 * block + p;
        const float size = std::fabs(super_[i]);
        if (size == 0) continue;
        const auto relative = static_cast<float>(along[p]) * size;
        super_[i] -= size * rate * adam.direction(relative, super_first_[i], super_second_[i]);
    }
    stored_.scales[block].d = to_half(super_[2 * block]);
    stored_.scales[block].dmin = to_half(super_[2 * block + 1]);
}

void TunedMatrix::step_codes(std::size_t block, const float* gradient, const Adam& adam, float rate) {
    const Grid& grid = *stored_.grid;
    const Steps steps = steps_of(grid, stored_.scales[block]);
    // Not far outside, so that the way back is short.
    const float low = grid.level(0) - 0.4f * spacing_, high = grid.level(grid.codes - 1) + 0.4f * spacing_;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const std::size_t at =
            block * static_cast<std::size_t>(grid.superblock) + static_cast<std::size_t>(k * grid.sub);
        move_positions(gradient + k * grid.sub, grid.sub, steps.scale[static_cast<std::size_t>(k)] * spacing_, adam,
                       rate * spacing_, low, high, position_.data() + at, first_.data() + at, second_.data() + at);
        for (std::size_t j = at; j < at + static_cast<std::size_t>(grid.sub); ++j)
            stored_.codes[j] = static_cast<std::uint8_t>(grid.nearest_code(position_[j]));
    }
}

}  // namespace scale::quantize

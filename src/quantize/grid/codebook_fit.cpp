#include "quantize/grid/codebook_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantize/grid/codebook_search.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

// One sub-block: weighted squares, and the sums on its present codes. The error under the step S on these codes is
// ww − 2 S gw + S² gg.
struct SubBlock {
    const float* w = nullptr;
    const float* h = nullptr;
    double ww = 0;
    double step = 0;
    OctetSums sums;
    double error(double at) const { return ww + at * (at * sums.gg - 2 * sums.gw); }
};

OctetSums chosen(const Grid& grid, const Codebook& book, const SubBlock& sub, double step) {
    std::array<std::uint8_t, max_superblock> codes;
    return nearest_octets(book, sub.w, sub.h, grid.sub, static_cast<float>(step), codes.data());
}

// The step with the least error, its codes free.
void search_step(const Grid& grid, const Codebook& book, SubBlock& sub) {
    float extreme = 0;
    for (int j = 0; j < grid.sub; ++j) {
        extreme = std::max(extreme, std::fabs(sub.w[j]));
        sub.ww += static_cast<double>(sub.h[j]) * sub.w[j] * sub.w[j];
    }
    if (extreme < 1e-20f) return;
    const double widest = extreme / static_cast<double>(book.levels.back());
    double best = std::numeric_limits<double>::max();
    const auto consider = [&](double step) {
        const OctetSums sums = chosen(grid, book, sub, step);
        if (!(sums.gg > 0)) return false;
        const double refitted = sums.gw / sums.gg, error = sub.ww - refitted * sums.gw;
        if (!(refitted > 0) || error >= best) return false;
        best = error;
        sub.step = refitted;
        sub.sums = sums;
        return true;
    };
    for (const double share : {0.62, 0.70, 0.78, 0.86, 0.93, 1.0, 1.08, 1.18}) consider(widest * share);
    for (int pass = 0; pass < 3 && sub.step > 0; ++pass)
        if (!consider(sub.step)) break;
}

// The odd s in range whose step d·s is nearest to the wanted one.
std::int16_t odd_scale(const Grid& grid, double wanted, double d) {
    const double steps = std::round((wanted / d - 1) / 2);
    return static_cast<std::int16_t>(1 + 2 * std::clamp(steps, 0.0, static_cast<double>(grid.scale_high - 1) / 2));
}

using SubBlocks = std::array<SubBlock, max_sub_blocks>;

struct Fit {
    Scales scales;
    double error = std::numeric_limits<double>::max();
};

Fit under(const Grid& grid, const SubBlocks& subs, double wanted_d) {
    Fit fit;
    fit.scales.d = to_half(static_cast<float>(std::min(wanted_d, 65504.0)));
    fit.scales.s.fill(1);
    const double d = from_half(fit.scales.d);
    fit.error = 0;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        if (d > 0) fit.scales.s[i] = odd_scale(grid, subs[i].step, d);
        fit.error += subs[i].error(d * fit.scales.s[i]);
    }
    return fit;
}

// The quadratics' best d: a line of values below and above that of the widest sub-block.
Fit best_d(const Grid& grid, const SubBlocks& subs) {
    double widest = 0;
    for (const SubBlock& sub : subs) widest = std::max(widest, sub.step);
    Fit best;
    for (int t = -6; t <= 24; ++t) {
        const Fit fit = under(grid, subs, widest / grid.scale_high * (1 + 0.02 * t));
        if (fit.error < best.error) best = fit;
    }
    return best;
}

double choose_codes(const Grid& grid, const Codebook& book, const Scales& scales, SubBlocks& subs) {
    const double d = from_half(scales.d);
    double error = 0;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const double step = d * scales.s[i];
        subs[i].sums = chosen(grid, book, subs[i], step);
        error += subs[i].error(step);
    }
    return error;
}

void refit_d(const Grid& grid, const SubBlocks& subs, Scales& scales) {
    double gg = 0, gw = 0;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const double s = scales.s[i];
        gg += s * s * subs[i].sums.gg;
        gw += s * subs[i].sums.gw;
    }
    if (gg > 0 && gw > 0) scales.d = to_half(static_cast<float>(std::min(gw / gg, 65504.0)));
}

// One step of each s_k, codes chosen anew.
void polish(const Grid& grid, const Codebook& book, SubBlocks& subs, Scales& scales) {
    const double d = from_half(scales.d);
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const std::int16_t from = scales.s[i];
        double best = subs[i].error(d * from);
        for (const int to : {from - 2, from + 2}) {
            if (to < grid.scale_low || to > grid.scale_high) continue;
            SubBlock moved = subs[i];
            moved.sums = chosen(grid, book, moved, d * to);
            const double error = moved.error(d * to);
            if (error >= best) continue;
            best = error;
            subs[i] = moved;
            scales.s[i] = static_cast<std::int16_t>(to);
        }
    }
}

}  // namespace

Scales fit_codebook_scales(const Grid& grid, const float* weights, const float* importance) {
    const Codebook& book = codebook_of(grid);
    SubBlocks subs;
    double nothing = 0;  // the error of d = 0
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        SubBlock& sub = subs[static_cast<std::size_t>(k)];
        sub.w = weights + k * grid.sub;
        sub.h = importance + k * grid.sub;
        search_step(grid, book, sub);
        nothing += sub.ww;
    }
    Fit best;
    best.scales.s.fill(1);
    best.error = nothing;
    Scales candidate = best_d(grid, subs).scales;
    for (int pass = 0; pass < 4; ++pass) {
        const double error = choose_codes(grid, book, candidate, subs);
        if (error < best.error)
            best = {candidate, error};
        else if (pass > 1)
            break;
        if (pass == 1) polish(grid, book, subs, candidate);
        refit_d(grid, subs, candidate);
    }
    return best.scales;
}

}  // namespace scale::quantize

#include "quantize/import/divisors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "quantize/grid/codebook.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

using Units = std::int64_t;
using Values = std::span<const Units>;

// Eight times each code's level.
std::vector<Units> levels_of(const Grid& grid) {
    std::vector<Units> levels;
    for (int code = 0; code < grid.codes; ++code) levels.push_back(std::lrint(8 * grid.level(code)));
    return levels;
}

// Do an entry and signs exist for these eight levels?
bool octet_exists(const Grid& grid, const Units* values, Units step, const std::vector<Units>& levels) {
    const Codebook& book = codebook_of(grid);
    std::uint8_t codes[octet];
    int negative = 0;
    for (int j = 0; j < octet; ++j) {
        const Units level = values[j] / step;
        negative += level < 0;
        const auto half = levels.begin() + grid.codes / 2;
        codes[j] = static_cast<std::uint8_t>(std::find(levels.begin(), half, std::abs(level)) - levels.begin());
    }
    if (book.even_signs && negative % 2 != 0) return false;
    for (int at = 0; at < octet; at += book.group)
        if (book.entry_of[book.key_of(codes + at)] < 0) return false;
    return true;
}

bool step_fits(const Grid& grid, Values values, Units step, const std::vector<Units>& levels) {
    for (const Units value : values)
        if (value % step != 0 || std::find(levels.begin(), levels.end(), value / step) == levels.end()) return false;
    if (grid.has_codebook())
        for (std::size_t at = 0; at < values.size(); at += octet)
            if (!octet_exists(grid, values.data() + at, step, levels)) return false;
    return true;
}

// All steps under which every value of a sub-block that is not all zero has a level.
std::vector<Units> steps_that_fit(const Grid& grid, Values values, const std::vector<Units>& levels) {
    const Units widest =
        *std::max_element(values.begin(), values.end(), [](Units a, Units b) { return std::abs(a) < std::abs(b); });
    std::vector<Units> steps;
    for (const Units level : levels)
        if (level != 0 && widest % level == 0 && step_fits(grid, values, widest / level, levels))
            steps.push_back(widest / level);
    return steps;
}

bool scale_allowed(const Grid& grid, Units s) {
    return s >= grid.scale_low && s <= grid.scale_high && (s - grid.scale_low) % grid.scale_step() == 0;
}

// s_k for every sub-block under d, where there is one.
bool scales_under(const Grid& grid, const std::vector<std::vector<Units>>& steps, Units d, Scales& scales) {
    scales.d = half_of(d);
    for (std::size_t k = 0; k < steps.size(); ++k) {
        scales.s[k] = static_cast<std::int16_t>(std::clamp(0, grid.scale_low, grid.scale_high));
        if (steps[k].empty()) continue;  // all zero
        const auto step = std::find_if(steps[k].begin(), steps[k].end(),
                                       [&](Units each) { return each % d == 0 && scale_allowed(grid, each / d); });
        if (step == steps[k].end()) return false;
        scales.s[k] = static_cast<std::int16_t>(*step / d);
    }
    return true;
}

bool all_zero(Values values) {
    return std::all_of(values.begin(), values.end(), [](Units value) { return value == 0; });
}

// ---- with minima: value = S q − M

struct MinSub {
    Units low = 0;
    Units range = 0;   // highest − lowest
    Units common = 0;  // greatest common divisor of the differences; 0: all equal
};

MinSub described(Values values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    MinSub sub{*low, *high - *low, 0};
    for (const Units value : values) sub.common = std::gcd(sub.common, value - sub.low);
    return sub;
}

struct Choice {
    int s = 0;
    Units minimum = 0;  // M
};

// Every s_k, with the minimum that goes with each lowest code, under which a sub-block's values have codes.
std::vector<Choice> choices_of(const Grid& grid, const MinSub& sub, Units d) {
    std::vector<Choice> choices;
    const Units highest = grid.codes - 1;
    if (sub.common == 0) {
        choices.push_back({0, -sub.low});
        for (int s = 1; s <= grid.scale_high; ++s)
            for (Units code = 1; code <= highest; ++code) choices.push_back({s, d * s * code - sub.low});
        return choices;
    }
    for (int s = 1; s <= grid.scale_high; ++s) {
        const Units step = d * s;
        if (step == 0 || sub.common % step != 0 || sub.range / step > highest) continue;
        for (Units code = 0; code <= highest - sub.range / step; ++code) choices.push_back({s, step * code - sub.low});
    }
    return choices;
}

const Choice* with_minimum(const Grid& grid, const std::vector<Choice>& choices, Units dmin) {
    for (const Choice& choice : choices)
        if (choice.minimum == 0 || (dmin != 0 && choice.minimum % dmin == 0 && choice.minimum / dmin >= 0 &&
                                    choice.minimum / dmin <= grid.min_high))
            return &choice;
    return nullptr;
}

// The values that dmin may have: those that divide some sub-block's minimum; 0 where it may need none.
std::vector<Units> minima_to_try(const Grid& grid, const std::vector<std::vector<Choice>>& subs) {
    std::vector<Units> found;
    std::vector<std::size_t> order(subs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return subs[a].size() < subs[b].size(); });
    for (const std::size_t k : order) {
        bool none_needed = false;
        for (const Choice& choice : subs[k]) {
            none_needed = none_needed || choice.minimum == 0;
            for (Units m = grid.min_high; m >= 1 && choice.minimum != 0; --m)
                if (choice.minimum % m == 0 && is_half(choice.minimum / m)) found.push_back(choice.minimum / m);
        }
        if (!none_needed) return found;  // dmin must be among these
    }
    found.push_back(0);
    return found;
}

std::optional<Scales> scales_under(const Grid& grid, const std::vector<MinSub>& subs, Units d) {
    std::vector<std::vector<Choice>> choices;
    for (const MinSub& sub : subs) {
        choices.push_back(choices_of(grid, sub, d));
        if (choices.back().empty()) return std::nullopt;
    }
    for (const Units dmin : minima_to_try(grid, choices)) {
        Scales scales;
        scales.d = half_of(d);
        scales.dmin = half_of(dmin);
        bool all = true;
        for (std::size_t k = 0; all && k < choices.size(); ++k) {
            const Choice* choice = with_minimum(grid, choices[k], dmin);
            all = choice != nullptr;
            if (!all) break;
            scales.s[k] = static_cast<std::int16_t>(choice->s);
            scales.m[k] = static_cast<std::int16_t>(choice->minimum == 0 ? 0 : choice->minimum / dmin);
        }
        if (all) return scales;
    }
    return std::nullopt;
}

// One scale and one free minimum, added: value = d q + m.
std::optional<Scales> free_minimum(const Grid& grid, const MinSub& sub) {
    const auto result = [](Units d, Units m) {
        Scales scales;
        scales.s[0] = 1;
        scales.d = half_of(d);
        scales.dmin = half_of(m);
        return scales;
    };
    if (sub.common == 0 && is_half(sub.low)) return result(0, sub.low);
    for (Units codes = 1; codes < grid.codes; ++codes) {
        const Units d = sub.common / codes;
        if (d == 0 || sub.common % codes != 0 || !is_half(d) || sub.range / d >= grid.codes) continue;
        for (Units code = 0; code < grid.codes - sub.range / d; ++code)
            if (is_half(sub.low - d * code)) return result(d, sub.low - d * code);
    }
    return std::nullopt;
}

std::vector<Units> distinct_divisors(const Grid& grid, const MinSub& sub) {
    std::vector<Units> found;
    for (Units s = grid.scale_high; s >= 1; --s)
        for (Units codes = 1; codes < grid.codes; ++codes) {
            const Units d = sub.common / (s * codes);
            if (d > 0 && sub.common % (s * codes) == 0 && is_half(d) &&
                std::find(found.begin(), found.end(), d) == found.end())
                found.push_back(d);
        }
    return found;
}

}  // namespace

bool is_half(std::int64_t units) {
    const double value = std::ldexp(static_cast<double>(units), -24);
    const auto rounded = static_cast<float>(value);
    return std::fabs(value) <= 65504 && static_cast<double>(from_half(to_half(rounded))) == value;
}

std::uint16_t half_of(std::int64_t units) {
    return to_half(static_cast<float>(std::ldexp(static_cast<double>(units), -24)));
}

std::optional<Scales> scales_without_minimum(const Grid& grid, Values values) {
    const std::vector<Units> levels = levels_of(grid);
    std::vector<std::vector<Units>> steps;  // of each sub-block; empty: all zero
    const std::vector<Units>* fewest = nullptr;
    const bool has_zero = std::find(levels.begin(), levels.end(), Units{0}) != levels.end();
    Scales zero;
    zero.s.fill(static_cast<std::int16_t>(std::clamp(0, grid.scale_low, grid.scale_high)));
    if (all_zero(values)) return zero;
    const auto sub = static_cast<std::size_t>(grid.sub);
    steps.reserve(values.size() / sub);
    for (std::size_t at = 0; at < values.size(); at += sub) {
        const Values part = values.subspan(at, sub);
        steps.emplace_back();
        if (all_zero(part)) {
            if (!has_zero && grid.scale_low > 0) return std::nullopt;
            continue;
        }
        steps.back() = steps_that_fit(grid, part, levels);
        if (steps.back().empty()) return std::nullopt;
        if (!fewest || steps.back().size() < fewest->size()) fewest = &steps.back();
    }
    const Units largest = std::max(grid.scale_high, -grid.scale_low);
    for (Units size = largest; size >= 1; --size)
        for (const Units step : *fewest)
            for (const Units s : {size, -size}) {
                if (!scale_allowed(grid, s) || step % s != 0 || !is_half(step / s)) continue;
                Scales scales;
                if (scales_under(grid, steps, step / s, scales)) return scales;
            }
    return std::nullopt;
}

std::optional<Scales> scales_with_minimum(const Grid& grid, Values values) {
    std::vector<MinSub> subs;
    const auto sub = static_cast<std::size_t>(grid.sub);
    for (std::size_t at = 0; at < values.size(); at += sub) subs.push_back(described(values.subspan(at, sub)));
    if (grid.min_high < 0) return free_minimum(grid, subs.front());
    const auto widest =
        std::max_element(subs.begin(), subs.end(), [](const MinSub& a, const MinSub& b) { return a.range < b.range; });
    if (widest->common == 0) return scales_under(grid, subs, 0);
    for (const Units d : distinct_divisors(grid, *widest))
        if (auto scales = scales_under(grid, subs, d)) return scales;
    return std::nullopt;
}

}  // namespace scale::quantize

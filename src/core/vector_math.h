// Functions on sixteen floats or eight doubles at a time. For sources compiled with -O3 and -Wno-psabi
// (CMakeLists.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/lanes.h"

namespace scale::core {

// exp to a few units in the last place: 2^n · e^r with |r| ≤ ln 2 / 2 and Taylor's polynomial of degree 7. Arguments
// outside ±87 count as ±87.
SCALE_INLINE Lanes exp_lanes(Lanes x) {
    using Integers = std::int32_t __attribute__((vector_size(64)));
    x = x < -87.0f ? Lanes{} - 87.0f : x;
    x = x > 87.0f ? Lanes{} + 87.0f : x;
    constexpr float to_integer = 12582912.0f;  // 1.5 · 2^23: adding it rounds to a whole number
    const Lanes shifted = x * 1.44269504f + to_integer;
    const Lanes n = shifted - to_integer;
    const Lanes r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    Lanes p = r * (1.0f / 5040) + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Integers exponent = (__builtin_convertvector(n, Integers) + 127) << 23;
    Lanes power;
    std::memcpy(&power, &exponent, sizeof power);
    return p * power;
}

using DoubleLanes = double __attribute__((vector_size(64)));
inline constexpr int double_lane_count = 8;

SCALE_INLINE DoubleLanes load_as_double(const float* from) {
    using Floats = float __attribute__((vector_size(32)));
    Floats floats;
    std::memcpy(&floats, from, sizeof floats);
    return __builtin_convertvector(floats, DoubleLanes);
}

SCALE_INLINE double sum(const DoubleLanes& lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// exp to a few units in the last place, as above with a polynomial of degree 12. Arguments outside ±700 count as ±700.
SCALE_INLINE DoubleLanes exp_lanes(DoubleLanes x) {
    using Integers = std::int64_t __attribute__((vector_size(64)));
    x = x < -700.0 ? DoubleLanes{} - 700.0 : x;
    x = x > 700.0 ? DoubleLanes{} + 700.0 : x;
    constexpr double to_integer = 6755399441055744.0;  // 1.5 · 2^52: the whole number stands in the lowest bits
    const DoubleLanes shifted = x * 1.4426950408889634 + to_integer;
    const DoubleLanes n = shifted - to_integer;
    const DoubleLanes r = (x - n * 0.69314718036912382) - n * 1.9082149292705877e-10;
    DoubleLanes p = r * (1.0 / 479001600) + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    Integers bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    const Integers exponent = (bits + 1023) << 52;
    DoubleLanes power;
    std::memcpy(&power, &exponent, sizeof power);
    return p * power;
}

// Numbers that are none are passed over. count > 0.
SCALE_INLINE float highest_of(const float* x, std::size_t count) {
    float highest = x[0];
    std::size_t i = 0;
    if (count >= lane_count) {
        Lanes lanes = load(x);
        for (; i + lane_count <= count; i += lane_count) {
            const Lanes next = load(x + i);
            lanes = next > lanes ? next : lanes;
        }
        for (int lane = 0; lane < lane_count; ++lane) highest = lanes[lane] > highest ? lanes[lane] : highest;
    }
    for (; i < count; ++i) highest = x[i] > highest ? x[i] : highest;
    return highest;
}

}  // namespace scale::core

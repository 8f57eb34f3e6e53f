// Elementwise functions on sixteen floats at a time. For sources compiled with -O3 and -Wno-psabi (CMakeLists.txt).
#pragma once

#include <cstdint>

#include "quantize/grid/lanes.h"

namespace scale::quantize {

SCALE_INLINE void store(float* to, const Lanes& lanes) {
    std::memcpy(to, &lanes, sizeof lanes);
}

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

}  // namespace scale::quantize

// 16-bit floats: IEEE 754 binary16 (F16), and the upper half of a 32-bit float (BF16). Rounding is to nearest, ties to
// even; overflow becomes infinity.
#pragma once

#include <bit>
#include <cstdint>

namespace scale::model {

inline float from_half(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    std::uint32_t exponent = (half >> 10) & 0x1fu;
    std::uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
    if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;  // subnormal
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

inline std::uint16_t to_half(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const float magnitude = std::bit_cast<float>(bits & 0x7fffffffu);
    if (!(magnitude < 65520.0f)) return static_cast<std::uint16_t>(sign | (magnitude != magnitude ? 0x7e00u : 0x7c00u));
    if (magnitude < 0x1p-14f) {
        // Adding 2^-1 · 2^-23 · … aligns the mantissa to units of 2^-24 with the hardware's own rounding.
        const float aligned = magnitude + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(aligned) & 0x3ffu) |
                                          (aligned >= 0.5f + 0x1p-14f ? 0x400u : 0u));
    }
    const std::uint32_t positive = std::bit_cast<std::uint32_t>(magnitude);
    const std::uint32_t rounded = positive + 0xfffu + ((positive >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

// The nearest finite one.
inline std::uint16_t to_finite_half(float value) {
    const std::uint16_t half = to_half(value);
    return (half & 0x7fffu) == 0x7c00u ? static_cast<std::uint16_t>(half - 1) : half;
}

inline float from_bfloat(std::uint16_t bfloat) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bfloat) << 16);
}

inline float through_half(float value) {
    return from_half(to_half(value));
}

}  // namespace scale::model

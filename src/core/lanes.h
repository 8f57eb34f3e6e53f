// Sixteen floats at a time, by the compiler's vector extension. Sums keep one lane a column modulo 16, so that their
// order does not depend on the instruction set.
//
// For sources compiled with -O3 and -Wno-psabi (CMakeLists.txt).
#pragma once

#include <cstring>

// Compiled for several instruction sets and chosen at load time; sanitizers cannot run the resolver that early.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define SCALE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SCALE_CLONES
#endif
#define SCALE_INLINE inline __attribute__((always_inline))

namespace scale::core {

inline constexpr int lane_count = 16;
using Lanes = float __attribute__((vector_size(64)));

SCALE_INLINE Lanes load(const float* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

SCALE_INLINE void store(float* to, const Lanes& lanes) {
    std::memcpy(to, &lanes, sizeof lanes);
}

SCALE_INLINE float sum(const Lanes& lanes) {
    using Half = float __attribute__((vector_size(32)));
    using Quarter = float __attribute__((vector_size(16)));
    Half halves[2];
    std::memcpy(halves, &lanes, sizeof lanes);
    const Half half = halves[0] + halves[1];
    Quarter quarters[2];
    std::memcpy(quarters, &half, sizeof half);
    const Quarter quarter = quarters[0] + quarters[1];
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

}  // namespace scale::core

// Token sequences for tests that need inputs of any kind: four of 64 random tokens of the test model's vocabulary.
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "model/token_set.h"

namespace scale::quantize {

inline std::vector<model::TokenSequence> random_sequences() {
    core::Random random(3);
    std::vector<model::TokenSequence> set;
    for (int i = 0; i < 4; ++i) {
        set.push_back({"id", "s", "t", {}});
        for (int t = 0; t < 64; ++t) set.back().tokens.push_back(static_cast<std::int32_t>(1 + random.below(4000)));
    }
    return set;
}

}  // namespace scale::quantize

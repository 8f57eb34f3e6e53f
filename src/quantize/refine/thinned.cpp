#include "quantize/refine/thinned.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace scale::quantize {

std::vector<model::TokenSequence> thinned(std::vector<model::TokenSequence> set, std::uint64_t wanted) {
    const double share =
        static_cast<double>(wanted) / static_cast<double>(std::max<std::uint64_t>(1, model::count_tokens(set)));
    if (share >= 1) return set;
    std::vector<model::TokenSequence> kept;
    for (std::size_t i = 0; i < set.size(); ++i)
        if (std::floor(static_cast<double>(i + 1) * share) > std::floor(static_cast<double>(i) * share))
            kept.push_back(std::move(set[i]));
    return kept;
}

}  // namespace scale::quantize

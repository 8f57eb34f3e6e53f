// What a server tells of next-token distributions: the most likely tokens and the one that stands there.
#pragma once

#include <vector>

#include "engine/model.h"
#include "quality/metric/distribution.h"

namespace scale::quality {

struct TokenScore {
    engine::Token token = 0;
    double log_probability = 0;  // nats; ≤ 0
};

// One place of a text.
struct PlaceScores {
    double log_probability = 0;     // of the token that stands there, nats
    std::vector<TokenScore> known;  // by token, each once; holds the most likely one and the one that stands there
};

// As compare_rows(), from what is known of both. Log probabilities and the most likely token are exact. The divergence
// is that of a coarser distribution: tokens known on both sides one by one, all others as one. By the data-processing
// inequality it is at most the true one; `whole` says that nothing is missing, and then it is the true one.
RowComparison compare_places(const PlaceScores& original, const PlaceScores& candidate, bool whole);

}  // namespace scale::quality

#include "quality/metric/known_tokens.h"

#include <algorithm>
#include <cmath>

namespace scale::quality {
namespace {

// Below this the rest of a distribution is the rounding error of a sum of float32 log probabilities.
constexpr double trusted_rest = 1e-5;

engine::Token top(const PlaceScores& place) {
    const auto found = std::max_element(place.known.begin(), place.known.end(), [](const auto& a, const auto& b) {
        return a.log_probability < b.log_probability;  // the first of equals, which is the lowest token
    });
    return found == place.known.end() ? -1 : found->token;
}

// p·ln(p/q), or p − q, which is never above it, where one of them is mostly rounding error.
double rest_term(double p, double q) {
    return p < trusted_rest || q < trusted_rest ? p - q : p * std::log(p / q);
}

}  // namespace

RowComparison compare_places(const PlaceScores& original, const PlaceScores& candidate, bool whole) {
    RowComparison result;
    result.original_log_probability = original.log_probability;
    result.candidate_log_probability = candidate.log_probability;
    result.same_top = top(original) == top(candidate);
    double rest_p = 1, rest_q = 1;
    auto other = candidate.known.begin();
    for (const TokenScore& score : original.known) {
        while (other != candidate.known.end() && other->token < score.token) ++other;
        if (other == candidate.known.end()) break;
        if (other->token != score.token) continue;
        const double p = std::exp(score.log_probability);
        result.kl += p * (score.log_probability - other->log_probability);
        rest_p -= p;
        rest_q -= std::exp(other->log_probability);
    }
    if (!whole) result.kl += rest_term(std::max(rest_p, 0.0), std::max(rest_q, 0.0));
    result.kl = std::max(result.kl, 0.0);
    return result;
}

}  // namespace scale::quality

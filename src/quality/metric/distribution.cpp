#include "quality/metric/distribution.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "engine/logit_rows.h"

namespace scale::quality {
namespace {

std::size_t top(std::span<const float> row) {
    return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

}  // namespace

RowComparison compare_rows(std::span<const float> original, std::span<const float> candidate, engine::Token next) {
    const std::size_t original_top = top(original);
    const std::size_t candidate_top = top(candidate);
    const engine::RowDivergence divergence = engine::row_divergence(original, candidate);
    if (!std::isfinite(divergence.p_log_normaliser) || !std::isfinite(divergence.q_log_normaliser))
        throw core::input_error(std::isfinite(divergence.p_log_normaliser)
                                    ? "the candidate's logits are not all numbers"
                                    : "the original's logits are not all numbers",
                                "a file that computes on this machine", "scale doctor");
    RowComparison result;
    result.kl = divergence.kl;
    result.same_top = original_top == candidate_top;
    result.original_log_probability = static_cast<double>(original[next]) - divergence.p_log_normaliser;
    result.candidate_log_probability = static_cast<double>(candidate[next]) - divergence.q_log_normaliser;
    return result;
}

}  // namespace scale::quality

#include "quality/statistics/percentile.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "quality/statistics/binomial.h"
#include "quality/statistics/design_effect.h"

namespace scale::quality {
namespace {

double clustering(const std::vector<std::vector<double>>& texts, double threshold) {
    std::vector<ClusteredValue> above;
    for (std::size_t text = 0; text < texts.size(); ++text)
        for (const double value : texts[text]) above.push_back({static_cast<int>(text), value > threshold ? 1.0 : 0.0});
    return design_effect(above);
}

// The largest count in [0, n] for which `holds`, which holds up to some count; −1 for none.
int last_count(int n, const std::function<bool(int)>& holds) {
    int low = -1, high = n + 1;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        (holds(middle) ? low : high) = middle;
    }
    return low;
}

}  // namespace

PercentileEstimate percentile_limits(const std::vector<std::vector<double>>& texts, double p, double alpha) {
    PercentileEstimate estimate;
    estimate.lower = -std::numeric_limits<double>::infinity();
    estimate.upper = std::numeric_limits<double>::infinity();
    std::vector<double> sorted;
    for (const auto& text : texts) sorted.insert(sorted.end(), text.begin(), text.end());
    if (sorted.empty()) return estimate;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const int n = estimate.n = static_cast<int>(sorted.size());
    const double share = 1 - p;
    estimate.value = sorted[std::min(n - 1, static_cast<int>(share * n))];
    // Of few values above the percentile the clustering cannot be told; that of the upper tenth is the better guess.
    const double of_tail = clustering(texts, estimate.value);
    const double of_tenth = clustering(texts, sorted[n / 10]);
    const double observed = std::max(of_tail, 1 + (of_tenth - 1) * share / 0.1);
    const double effect = estimate.design_effect = 1 + 2 * (observed - 1);
    const double effective = n / effect;
    estimate.needed = static_cast<int>(std::ceil(effect * std::log(alpha) / std::log1p(-share)));
    const int few =
        last_count(n, [&](int count) { return proportion_upper(count / effect, effective, alpha) <= share; });
    if (few >= 0) estimate.upper = sorted[std::min(few, n - 1)];
    const int many =
        1 + last_count(n, [&](int count) { return proportion_lower(count / effect, effective, alpha) <= share; });
    if (many <= n) estimate.lower = sorted[many - 1];
    return estimate;
}

}  // namespace scale::quality

// Which requests become samples: strata, quotas, and an order within each stratum.
//
// Strata are format × script × length. The calibration set gives a stratum with N distinct requests a share of its
// tokens that grows with √(tokens of the stratum), and at least a floor of samples: rare formats must be seen, because
// what is never seen is rounded blindly, while common ones need not be seen in proportion (research/quality.md §1.2).
// Within a stratum the samples are those that cover it best (facility_location.h). The holdout takes shares
// proportional to N in a seeded random order, because the gate estimates a mean over the traffic.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "calibration/split.h"
#include "calibration/traffic_index.h"

namespace scale::calibration {

struct StratumKey {
    Format format = Format::plain;
    Script script = Script::latin;
    Length length = Length::brief;
    auto operator<=>(const StratumKey&) const = default;
};

StratumKey stratum_of(const TrafficIndex& index, std::size_t request);

struct QuotaRule {
    double exponent = 0.5;  // of the stratum's tokens
    std::size_t floor = 2;  // samples of every stratum that has them; lowered where the total does not reach that far
};

// What a stratum has to give.
struct Supply {
    std::size_t available = 0;
    double tokens = 1;  // of one of its requests, on average
};

// Seats for the strata: the floor first, then one by one to the stratum with the largest
// (available · tokens)^exponent / (tokens · (seats + ½)) (Sainte-Laguë's rule on tokens), never more than `available`.
// The seats sum to `total`, or to all that is available.
std::vector<std::size_t> quotas(const std::vector<Supply>& strata, std::size_t total, const QuotaRule& rule);

using Strata = std::map<StratumKey, std::vector<std::size_t>>;

// The requests of `pool` by stratum, in a seeded random order, drawn without replacement with the number of occurrences
// as weight (Efraimidis & Spirakis, 2006), so frequent requests tend to come first.
Strata ordered_strata(const TrafficIndex& index, const std::vector<std::size_t>& pool, std::uint64_t seed);

// The first of every stratum up to its quota, ascending. `max_tokens` is what a sample counts at most.
std::vector<std::size_t> select(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                const QuotaRule& rule, double max_tokens);

// The requests of a stratum that cover it best, the best first, and how many of them are to be taken.
struct Seats {
    std::vector<std::size_t> candidates;
    std::size_t seats = 0;
};

// For every stratum `spare` times as many candidates as it has seats by its quota, or all that it has. The first
// `seats` of each are those of select_covering().
std::vector<Seats> covering_candidates(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                       const QuotaRule& rule, double max_tokens, std::size_t spare);

// Those of every stratum, up to its quota, that cover it best; ascending.
std::vector<std::size_t> select_covering(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                         const QuotaRule& rule, double max_tokens);

}  // namespace scale::calibration

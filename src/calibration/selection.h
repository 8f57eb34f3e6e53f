// Which requests become samples: strata, quotas, and a seeded order within each stratum.
//
// Strata are format × topic × length. Of a stratum with N distinct requests the calibration set takes a share that
// grows with √N and at least a floor: rare formats must be seen, because what is never seen is rounded blindly, while
// common ones need not be seen in proportion (research/quality.md §1.2). The holdout takes shares proportional to N,
// because the gate estimates a mean over the traffic.
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
    int topic = 0;
    Length length = Length::brief;
    auto operator<=>(const StratumKey&) const = default;
};

StratumKey stratum_of(const TrafficIndex& index, std::size_t request);

struct QuotaRule {
    double exponent = 0.5;  // of N
    std::size_t floor = 2;  // samples of every stratum that has them; lowered where the total does not reach that far
};

// Seats for the strata: the floor first, then one by one to the stratum with the largest N^exponent / (2 · seats + 1)
// (Sainte-Laguë), never more than `available`. The seats sum to `total`, or to all that is available.
std::vector<std::size_t> quotas(const std::vector<std::size_t>& available, std::size_t total, const QuotaRule& rule);

// The requests of `pool` in the order in which each stratum gives them up: drawn without replacement with the number of
// occurrences as weight (Efraimidis & Spirakis, 2006), so frequent requests tend to come first.
std::map<StratumKey, std::vector<std::size_t>> ordered_strata(const TrafficIndex& index,
                                                              const std::vector<std::size_t>& pool, std::uint64_t seed);

// The first of every stratum up to its quota, ascending.
std::vector<std::size_t> select(const std::map<StratumKey, std::vector<std::size_t>>& strata, std::size_t total,
                                const QuotaRule& rule);

}  // namespace scale::calibration

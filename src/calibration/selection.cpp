#include "calibration/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/random.h"

namespace scale::calibration {

namespace {

std::size_t reachable_floor(const std::vector<std::size_t>& available, std::size_t total, std::size_t floor) {
    const auto needed = [&](std::size_t f) {
        std::size_t sum = 0;
        for (const std::size_t n : available) sum += std::min(n, f);
        return sum;
    };
    while (floor > 0 && needed(floor) > total) --floor;
    return floor;
}

}  // namespace

StratumKey stratum_of(const TrafficIndex& index, std::size_t request) {
    return {index.distinct[request].format, index.topics[request], index.distinct[request].length};
}

std::vector<std::size_t> quotas(const std::vector<std::size_t>& available, std::size_t total, const QuotaRule& rule) {
    const std::size_t floor = reachable_floor(available, total, rule.floor);
    std::vector<std::size_t> seats;
    std::vector<double> strength;
    for (const std::size_t n : available) {
        seats.push_back(std::min(n, floor));
        strength.push_back(std::pow(static_cast<double>(n), rule.exponent));
    }
    std::size_t given = std::accumulate(seats.begin(), seats.end(), std::size_t{0});
    for (; given < total; ++given) {
        std::size_t best = available.size();
        double best_claim = 0;
        for (std::size_t h = 0; h < available.size(); ++h) {
            const double claim = strength[h] / static_cast<double>(2 * seats[h] + 1);
            if (seats[h] == available[h] || claim <= best_claim) continue;
            best = h;
            best_claim = claim;
        }
        if (best == available.size()) break;
        ++seats[best];
    }
    return seats;
}

std::map<StratumKey, std::vector<std::size_t>> ordered_strata(const TrafficIndex& index,
                                                              const std::vector<std::size_t>& pool,
                                                              std::uint64_t seed) {
    std::map<StratumKey, std::vector<std::pair<double, std::size_t>>> drawn;
    for (const std::size_t request : pool) {
        // The draw belongs to the text, so that it does not change when the log grows.
        core::Random random(seed, index.distinct[request].text_hash);
        const double wait = -std::log(1.0 - random.uniform()) / index.distinct[request].occurrences;
        drawn[stratum_of(index, request)].emplace_back(wait, request);
    }
    std::map<StratumKey, std::vector<std::size_t>> strata;
    for (auto& [key, requests] : drawn) {
        std::sort(requests.begin(), requests.end());
        for (const auto& [wait, request] : requests) strata[key].push_back(request);
    }
    return strata;
}

std::vector<std::size_t> select(const std::map<StratumKey, std::vector<std::size_t>>& strata, std::size_t total,
                                const QuotaRule& rule) {
    std::vector<std::size_t> available;
    for (const auto& [key, requests] : strata) available.push_back(requests.size());
    const std::vector<std::size_t> seats = quotas(available, total, rule);
    std::vector<std::size_t> chosen;
    std::size_t h = 0;
    for (const auto& [key, requests] : strata) {
        chosen.insert(chosen.end(), requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(seats[h]));
        ++h;
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace scale::calibration

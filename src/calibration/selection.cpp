#include "calibration/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "calibration/facility_location.h"
#include "core/random.h"

namespace scale::calibration {

namespace {

std::size_t reachable_floor(const std::vector<Supply>& strata, std::size_t total, std::size_t floor) {
    const auto needed = [&](std::size_t f) {
        std::size_t sum = 0;
        for (const Supply& stratum : strata) sum += std::min(stratum.available, f);
        return sum;
    };
    while (floor > 0 && needed(floor) > total) --floor;
    return floor;
}

std::vector<Supply> supplies_of(const TrafficIndex& index, const Strata& strata, double max_tokens) {
    std::vector<Supply> supplies;
    for (const auto& [key, requests] : strata) {
        double tokens = 0;
        for (const std::size_t i : requests) tokens += std::min(index.distinct[i].tokens, max_tokens);
        supplies.push_back({requests.size(), std::max(1.0, tokens / static_cast<double>(requests.size()))});
    }
    return supplies;
}

}  // namespace

StratumKey stratum_of(const TrafficIndex& index, std::size_t request) {
    const IndexedRequest& entry = index.distinct[request];
    return {entry.format, entry.script, entry.length};
}

std::vector<std::size_t> quotas(const std::vector<Supply>& strata, std::size_t total, const QuotaRule& rule) {
    const std::size_t floor = reachable_floor(strata, total, rule.floor);
    std::vector<std::size_t> seats;
    std::vector<double> strength;
    for (const Supply& stratum : strata) {
        seats.push_back(std::min(stratum.available, floor));
        strength.push_back(std::pow(static_cast<double>(stratum.available) * stratum.tokens, rule.exponent));
    }
    std::size_t given = std::accumulate(seats.begin(), seats.end(), std::size_t{0});
    for (; given < total; ++given) {
        std::size_t best = strata.size();
        double best_claim = 0;
        for (std::size_t h = 0; h < strata.size(); ++h) {
            const double claim = strength[h] / (strata[h].tokens * (static_cast<double>(seats[h]) + 0.5));
            if (seats[h] == strata[h].available || claim <= best_claim) continue;
            best = h;
            best_claim = claim;
        }
        if (best == strata.size()) break;
        ++seats[best];
    }
    return seats;
}

Strata ordered_strata(const TrafficIndex& index, const std::vector<std::size_t>& pool, std::uint64_t seed) {
    std::map<StratumKey, std::vector<std::pair<double, std::size_t>>> drawn;
    for (const std::size_t request : pool) {
        // The draw belongs to the text, so that it does not change when the log grows.
        core::Random random(seed, index.distinct[request].text_hash);
        const double wait = -std::log(1.0 - random.uniform()) / index.distinct[request].occurrences;
        drawn[stratum_of(index, request)].emplace_back(wait, request);
    }
    Strata strata;
    for (auto& [key, requests] : drawn) {
        std::sort(requests.begin(), requests.end());
        for (const auto& [wait, request] : requests) strata[key].push_back(request);
    }
    return strata;
}

std::vector<std::size_t> select(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                const QuotaRule& rule, double max_tokens) {
    const std::vector<std::size_t> seats = quotas(supplies_of(index, strata, max_tokens), total, rule);
    std::vector<std::size_t> chosen;
    std::size_t h = 0;
    for (const auto& [key, requests] : strata)
        chosen.insert(chosen.end(), requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(seats[h++]));
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

std::vector<Seats> covering_candidates(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                       const QuotaRule& rule, double max_tokens, std::size_t spare) {
    const std::vector<std::size_t> seats = quotas(supplies_of(index, strata, max_tokens), total, rule);
    std::vector<Seats> all;
    for (const auto& [key, requests] : strata) {
        std::vector<const TopicVector*> items;
        std::vector<double> weights;
        for (const std::size_t i : requests) {
            items.push_back(&index.vectors[i]);
            weights.push_back(index.distinct[i].occurrences);
        }
        Seats stratum{{}, seats[all.size()]};
        for (const std::size_t place : facility_location(items, weights, spare * stratum.seats))
            stratum.candidates.push_back(requests[place]);
        all.push_back(std::move(stratum));
    }
    return all;
}

std::vector<std::size_t> select_covering(const TrafficIndex& index, const Strata& strata, std::size_t total,
                                         const QuotaRule& rule, double max_tokens) {
    std::vector<std::size_t> chosen;
    for (const Seats& stratum : covering_candidates(index, strata, total, rule, max_tokens, 1))
        chosen.insert(chosen.end(), stratum.candidates.begin(), stratum.candidates.end());
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace scale::calibration

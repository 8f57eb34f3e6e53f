#include "calibration/coverage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/random.h"

namespace scale::calibration {

namespace {

constexpr std::size_t measured_requests = 4000;

// A stratum split by topic.
struct Cell {
    StratumKey stratum;
    int topic = 0;
    auto operator<=>(const Cell&) const = default;
};

Cell cell_of(const TrafficIndex& index, std::size_t request) {
    return {stratum_of(index, request), index.topics[request]};
}

struct Sum {
    double nearness = 0;
    int requests = 0;
};

double nearness_of(const TrafficIndex& index, std::size_t request, const std::vector<std::size_t>& samples) {
    float best = 0;
    for (const std::size_t sample : samples)
        best = std::max(best, sample == request ? 1.0f : cosine(index.vectors[request], index.vectors[sample]));
    return static_cast<double>(best);
}

Sum measure_nearness(const TrafficIndex& index, const std::vector<std::size_t>& samples, std::map<Cell, Sum>* cells) {
    Sum all;
    const std::size_t stride = index.distinct.size() / measured_requests + 1;
    for (std::size_t i = 0; i < index.distinct.size(); i += stride) {
        const double nearness = nearness_of(index, i, samples);
        all.nearness += nearness;
        ++all.requests;
        if (!cells) continue;
        Sum& cell = (*cells)[cell_of(index, i)];
        cell.nearness += nearness;
        ++cell.requests;
    }
    return all;
}

double mean(const Sum& sum) {
    return sum.requests == 0 ? 0 : sum.nearness / sum.requests;
}

double share_covered(const TrafficIndex& index, const std::vector<std::size_t>& samples) {
    std::map<StratumKey, std::pair<int, bool>> strata;  // requests, sampled
    for (std::size_t i = 0; i < index.distinct.size(); ++i) ++strata[stratum_of(index, i)].first;
    for (const std::size_t i : samples) strata[stratum_of(index, i)].second = true;
    double covered = 0;
    for (const auto& [key, stratum] : strata) covered += stratum.second ? stratum.first : 0;
    return covered / static_cast<double>(index.distinct.size());
}

}  // namespace

Coverage coverage_of(const TrafficIndex& index, const std::vector<std::size_t>& samples,
                     const std::vector<std::size_t>& holdout, const std::vector<std::size_t>& pool,
                     std::uint64_t seed) {
    Coverage coverage;
    std::map<Cell, record::Stratum> strata;
    for (std::size_t i = 0; i < index.distinct.size(); ++i) ++strata[cell_of(index, i)].traffic;
    for (const std::size_t i : samples) ++strata[cell_of(index, i)].samples;
    for (const std::size_t i : holdout) ++strata[cell_of(index, i)].holdout;
    std::map<Cell, Sum> cells;
    coverage.nearness = mean(measure_nearness(index, samples, &cells));
    std::vector<std::size_t> random = pool;
    core::Random(seed, "random samples").shuffle(random);
    random.resize(std::min(random.size(), samples.size()));
    coverage.random_nearness = mean(measure_nearness(index, random, nullptr));
    coverage.covered = share_covered(index, samples);
    const double traffic = static_cast<double>(index.distinct.size());
    for (auto& [key, stratum] : strata) {
        stratum.format = format_name(key.stratum.format);
        stratum.script = script_name(key.stratum.script);
        stratum.topic = index.topic_names.at(static_cast<std::size_t>(key.topic));
        stratum.length = length_name(key.stratum.length);
        stratum.nearness = mean(cells[key]);
        const double share = stratum.traffic / traffic;
        const double sampled = samples.empty() ? 0 : stratum.samples / static_cast<double>(samples.size());
        coverage.total_variation += std::abs(share - sampled) / 2;
        coverage.strata.push_back(stratum);
    }
    return coverage;
}

std::string stratum_label(const TrafficIndex& index, std::size_t request) {
    const StratumKey key = stratum_of(index, request);
    return fmt::format("{} / {} / {} / {}", format_name(key.format), script_name(key.script),
                       index.topic_names.at(static_cast<std::size_t>(index.topics[request])), length_name(key.length));
}

}  // namespace scale::calibration

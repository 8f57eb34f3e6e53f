#include "calibration/drift/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "core/random.h"

namespace scale::calibration {

namespace {

constexpr std::size_t tests = share_dimensions + 1;
constexpr double least_share_effect = 0.05;  // total variation: one request in twenty is elsewhere
// Distance of the mean features of vectors of length 1. Twenty points moved among many small topics of one business
// (banking77) give 0.02, among few topics several times that (docs/measurements/refresh-simulation.md).
constexpr double least_content_effect = 0.01;

// One row a conversation: the number of its requests, its counts in every category of every dimension one after the
// other, and the sum of its content vectors. All statistics follow from sums of rows.
struct Layout {
    std::array<std::size_t, share_dimensions + 1> first{};  // column of each dimension, and the end
};

struct Row {
    std::vector<float> counts;
    ContentVector content;
};

struct Sum {
    std::vector<float> counts;
    std::vector<float> content;  // by place
};

Layout layout_of(const TrafficProfile& profile) {
    Layout layout;
    std::size_t column = 1;
    for (std::size_t d = 0; d < share_dimensions; ++d) {
        layout.first[d] = column;
        column += profile.categories(d).size();
    }
    layout.first[share_dimensions] = column;
    return layout;
}

void add_rows(const std::vector<Observation>& observations, const Layout& layout, std::vector<Row>& rows) {
    std::map<std::string, std::size_t> row_of;
    for (const Observation& observation : observations) {
        const auto [found, fresh] = row_of.emplace(observation.group, rows.size());
        if (fresh) rows.push_back({std::vector<float>(layout.first[share_dimensions]), {}});
        Row& row = rows[found->second];
        row.counts[0] += 1;
        for (std::size_t d = 0; d < share_dimensions; ++d)
            row.counts[layout.first[d] + static_cast<std::size_t>(observation.category[d])] += 1;
        row.content.insert(row.content.end(), observation.content.begin(), observation.content.end());
    }
}

Sum sum_of(const std::vector<Row>& rows, const std::vector<std::size_t>& order, std::size_t begin, std::size_t end) {
    Sum sum{std::vector<float>(rows.front().counts.size()), std::vector<float>(content_places)};
    for (std::size_t i = begin; i < end; ++i) {
        const Row& row = rows[order[i]];
        for (std::size_t c = 0; c < sum.counts.size(); ++c) sum.counts[c] += row.counts[c];
        for (const auto& [place, value] : row.content) sum.content[place] += value;
    }
    return sum;
}

Sum difference(const Sum& a, const Sum& b) {
    Sum result = a;
    for (std::size_t c = 0; c < a.counts.size(); ++c) result.counts[c] -= b.counts[c];
    for (std::size_t c = 0; c < content_places; ++c) result.content[c] -= b.content[c];
    return result;
}

struct Figures {
    std::array<double, tests> statistic{};
    std::array<double, share_dimensions> variation{};  // total variation of the shares
};

Figures figures_of(const Sum& before, const Sum& now, const Layout& layout) {
    Figures figures;
    const double n = before.counts[0];
    const double m = now.counts[0];
    for (std::size_t d = 0; d < share_dimensions; ++d) {
        // Half a request more in every category, so that an empty one has a share.
        const double more = 0.5 * static_cast<double>(layout.first[d + 1] - layout.first[d]);
        for (std::size_t c = layout.first[d]; c < layout.first[d + 1]; ++c) {
            const double p = (before.counts[c] + 0.5) / (n + more);
            const double q = (now.counts[c] + 0.5) / (m + more);
            figures.statistic[d] += (q - p) * std::log(q / p);
            figures.variation[d] += std::abs(before.counts[c] / n - now.counts[c] / m) / 2;
        }
    }
    for (std::size_t k = 0; k < content_places; ++k) {
        const double gap = before.content[k] / n - now.content[k] / m;
        figures.statistic[share_dimensions] += gap * gap;
    }
    return figures;
}

// The category whose share changed most.
std::string largest_move(const TrafficProfile& profile, const Sum& before, const Sum& now, const Layout& layout,
                         std::size_t d) {
    const auto names = profile.categories(d);
    std::size_t most = 0;
    const auto move = [&](std::size_t c) {
        return std::abs(now.counts[layout.first[d] + c] / now.counts[0] -
                        before.counts[layout.first[d] + c] / before.counts[0]);
    };
    for (std::size_t c = 1; c < names.size(); ++c)
        if (move(c) > move(most)) most = c;
    return fmt::format("{} '{}': {:.1f} % to {:.1f} %", dimension_names[d], names[most],
                       100 * before.counts[layout.first[d] + most] / before.counts[0],
                       100 * now.counts[layout.first[d] + most] / now.counts[0]);
}

struct Null {
    std::array<std::vector<double>, tests> statistic;  // ascending
    std::array<double, tests> mean{};
    std::array<double, share_dimensions> variation{};  // mean
};

Null permute(const std::vector<Row>& rows, std::size_t before_rows, const Layout& layout,
             const ComparisonOptions& options) {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const Sum all = sum_of(rows, order, 0, rows.size());
    // The smaller side is dealt; the other is the rest.
    const std::size_t dealt = std::min(before_rows, rows.size() - before_rows);
    core::Random random(options.seed, "traffic check");
    Null null;
    for (int round = 0; round < options.permutations; ++round) {
        for (std::size_t i = 0; i < dealt; ++i) std::swap(order[i], order[i + random.below(order.size() - i)]);
        const Sum one = sum_of(rows, order, 0, dealt);
        const Sum other = difference(all, one);
        const bool dealt_before = dealt == before_rows;
        const Figures figures = dealt_before ? figures_of(one, other, layout) : figures_of(other, one, layout);
        for (std::size_t t = 0; t < tests; ++t) {
            null.statistic[t].push_back(figures.statistic[t]);
            null.mean[t] += figures.statistic[t] / options.permutations;
        }
        for (std::size_t d = 0; d < share_dimensions; ++d)
            null.variation[d] += figures.variation[d] / options.permutations;
    }
    for (auto& values : null.statistic) std::sort(values.begin(), values.end());
    return null;
}

record::DriftTest judge(std::size_t t, const Figures& seen, const Null& null, double alpha) {
    record::DriftTest test;
    const auto& values = null.statistic[t];
    test.name = t < share_dimensions ? dimension_names[t] : "content";
    test.statistic = seen.statistic[t];
    const auto rank = static_cast<std::size_t>(std::ceil((1 - alpha) * static_cast<double>(values.size() + 1))) - 1;
    test.threshold = values[std::min(rank, values.size() - 1)];
    // As many as the observed, which counts as one of the deals (Phipson & Smyth, 2010).
    const auto as_large = values.end() - std::lower_bound(values.begin(), values.end(), seen.statistic[t]);
    test.p = static_cast<double>(as_large + 1) / static_cast<double>(values.size() + 1);
    test.effect = t < share_dimensions ? std::max(0.0, seen.variation[t] - null.variation[t])
                                       : std::sqrt(std::max(0.0, seen.statistic[t] - null.mean[t]));
    const double least = t < share_dimensions ? least_share_effect : least_content_effect;
    test.drifted = test.p <= alpha && test.effect >= least;
    return test;
}

// The content test gets the larger part: it alone sees a shift among topics that no share tells apart.
double part_of_alpha(std::size_t t) {
    return t < share_dimensions ? 0.6 / share_dimensions : 0.4;
}

void conclude(record::TrafficCheck& check, bool enough) {
    std::string moved;
    for (const record::DriftTest& test : check.tests)
        if (test.drifted) moved += (moved.empty() ? "" : "; ") + (test.moved.empty() ? "what users write" : test.moved);
    if (!moved.empty()) {
        check.verdict = "refresh";
        check.sentence = "The traffic is not what the set was drawn from any more: " + moved + ".";
    } else if (!enough) {
        check.verdict = "inconclusive";
        check.needed = least_requests;
        check.sentence = fmt::format(
            "{} requests of {} conversations show no shift, but are too few to rule one out; {} requests of {} "
            "conversations are needed.",
            check.requests, check.conversations, least_requests, least_conversations);
    } else {
        check.verdict = "keep";
        check.sentence = fmt::format("No shift that matters is seen in {} requests of {} conversations.",
                                     check.requests, check.conversations);
    }
}

}  // namespace

record::TrafficCheck compare_traffic(const TrafficProfile& profile, const std::vector<Observation>& now,
                                     const ComparisonOptions& options) {
    record::TrafficCheck check;
    check.alpha = options.alpha;
    check.requests = now.size();
    const Layout layout = layout_of(profile);
    std::vector<Row> rows;
    add_rows(profile.reference(), layout, rows);
    const std::size_t before_rows = rows.size();
    add_rows(now, layout, rows);
    check.conversations = rows.size() - before_rows;
    const bool testable = before_rows >= 2 && check.conversations >= 2;
    if (testable) {
        std::vector<std::size_t> order(rows.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        const Sum before = sum_of(rows, order, 0, before_rows);
        const Sum after = sum_of(rows, order, before_rows, rows.size());
        const Figures seen = figures_of(before, after, layout);
        const Null null = permute(rows, before_rows, layout, options);
        for (std::size_t t = 0; t < tests; ++t) {
            check.tests.push_back(judge(t, seen, null, options.alpha * part_of_alpha(t)));
            if (t < share_dimensions) check.tests.back().moved = largest_move(profile, before, after, layout, t);
        }
    }
    conclude(check, testable && now.size() >= least_requests && check.conversations >= least_conversations &&
                        before_rows >= least_conversations);
    return check;
}

}  // namespace scale::calibration

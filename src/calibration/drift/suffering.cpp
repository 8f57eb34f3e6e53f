#include "calibration/drift/suffering.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "core/random.h"

namespace scale::calibration {

namespace {

constexpr std::array<const char*, 2> names{"activation", "shadow KL"};

// Sums over the requests of a conversation.
struct Row {
    std::array<double, 2> over{};   // above, kl
    std::array<double, 2> under{};  // seen, tokens
    void add(const Row& other) {
        for (std::size_t t = 0; t < 2; ++t) {
            over[t] += other.over[t];
            under[t] += other.under[t];
        }
    }
    Row without(const Row& other) const {
        Row rest = *this;
        for (std::size_t t = 0; t < 2; ++t) {
            rest.over[t] -= other.over[t];
            rest.under[t] -= other.under[t];
        }
        return rest;
    }
};

std::vector<Row> rows_of(const std::vector<Sufferer>& requests) {
    std::map<int, Row> rows;
    for (const auto& [conversation, run] : requests)
        rows[conversation].add({{run.above, run.kl}, {run.seen, run.tokens}});
    std::vector<Row> result;
    for (const auto& [conversation, row] : rows) result.push_back(row);
    return result;
}

// The rate on the live side over that on the held-out side; 1 where neither has any.
double ratio_of(const Row& held_out, const Row& live, std::size_t t) {
    const double before = held_out.under[t] > 0 ? std::max(0.0, held_out.over[t]) / held_out.under[t] : 0;
    const double now = live.under[t] > 0 ? std::max(0.0, live.over[t]) / live.under[t] : 0;
    if (before <= 0) return now > 0 ? 1e6 : 1;
    return now / before;
}

record::DriftTest judge(std::size_t t, double seen, std::vector<double> null, double alpha) {
    std::sort(null.begin(), null.end());
    record::DriftTest test;
    test.name = names[t];
    test.statistic = seen;
    const auto rank = static_cast<std::size_t>(std::ceil((1 - alpha) * static_cast<double>(null.size() + 1))) - 1;
    test.threshold = null[std::min(rank, null.size() - 1)];
    // Rounding must not make a deal that equals the observed one count as less.
    const auto as_large = null.end() - std::lower_bound(null.begin(), null.end(), seen * (1 - 1e-12));
    test.p = static_cast<double>(as_large + 1) / static_cast<double>(null.size() + 1);
    test.effect = seen - 1;
    test.drifted = test.p <= alpha && test.effect >= least_rise;
    return test;
}

std::string rates(const Row& held_out, const Row& live, std::size_t t) {
    const double before = held_out.under[t] > 0 ? held_out.over[t] / held_out.under[t] : 0;
    const double now = live.under[t] > 0 ? live.over[t] / live.under[t] : 0;
    if (t == 0)
        return fmt::format("layer inputs beyond calibration: {:.4f} % held out, {:.4f} % new", 100 * before, 100 * now);
    return fmt::format("KL a token: {:.5f} held out, {:.5f} new", before, now);
}

}  // namespace

std::vector<record::DriftTest> compare_suffering(const std::vector<Sufferer>& held_out,
                                                 const std::vector<Sufferer>& live, const SufferingOptions& options) {
    std::vector<Row> rows = rows_of(held_out);
    const std::size_t before = rows.size();
    for (const Row& row : rows_of(live)) rows.push_back(row);
    if (before < 2 || rows.size() - before < 2) return {};
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Row all;
    for (const Row& row : rows) all.add(row);
    const auto first = [&] {
        Row sum;
        for (std::size_t i = 0; i < before; ++i) sum.add(rows[order[i]]);
        return sum;
    };
    const Row seen_before = first();
    const Row seen_now = all.without(seen_before);
    std::array<std::vector<double>, 2> null;
    core::Random random(options.seed, "suffering");
    for (int round = 0; round < options.permutations; ++round) {
        for (std::size_t i = 0; i < before; ++i) std::swap(order[i], order[i + random.below(order.size() - i)]);
        const Row dealt = first();
        for (std::size_t t = 0; t < 2; ++t) null[t].push_back(ratio_of(dealt, all.without(dealt), t));
    }
    std::vector<record::DriftTest> tests;
    for (std::size_t t = 0; t < 2; ++t) {
        tests.push_back(judge(t, ratio_of(seen_before, seen_now, t), std::move(null[t]), options.alpha));
        tests.back().moved = rates(seen_before, seen_now, t);
    }
    return tests;
}

void conclude_with_model(record::TrafficCheck& check, const std::vector<record::DriftTest>& suffering) {
    const bool inputs = check.verdict == "refresh";
    const bool system_prompt = std::any_of(check.tests.begin(), check.tests.end(), [](const record::DriftTest& test) {
        return test.name == "system prompt" && test.drifted;
    });
    std::string suffers, figures;
    for (const record::DriftTest& test : suffering) {
        figures += (figures.empty() ? "" : "; ") + test.moved;
        if (test.drifted) suffers += (suffers.empty() ? "" : "; ") + test.moved;
        check.tests.push_back(test);
    }
    check.look = false;
    if (inputs && (system_prompt || suffering.empty())) return;
    if (inputs && !suffers.empty()) {
        check.sentence += " The artefact suffers from it: " + suffers + ".";
    } else if (inputs) {
        check.verdict = "keep";
        check.look = true;
        check.sentence +=
            " The artefact is not shown to suffer from it (" + figures + "), so the set can stay; look again soon.";
    } else if (!suffers.empty()) {
        check.look = true;
        check.sentence += " Yet the model behaves otherwise than on the held-out traffic: " + suffers + "; look at it.";
    }
}

}  // namespace scale::calibration

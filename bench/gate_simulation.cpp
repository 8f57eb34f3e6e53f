// How often the gate errs, by simulation, beside the rule it replaces.
//
// Accuracy: tables (base_only, candidate_only) are drawn from the multinomial law with discordance psi whose true loss
// is delta. At delta = margin a PASS is false: its rate must not exceed alpha = 5 %. At delta = 0 the PASS rate is the
// power. The rule "not significantly worse" (pass unless McNemar's one-sided exact p < 0.05) sees the same tables.
// Then the same with items added while undecided, with continuous scores of clustered items, and with the percentiles
// of the divergence. The standard error of a rate is printed with it; seeds are fixed, so the tables are reproducible.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/random.h"
#include "quality/statistics/bootstrap.h"
#include "quality/statistics/mcnemar.h"
#include "quality/statistics/normal.h"
#include "quality/statistics/percentile.h"
#include "quality/statistics/sample_size.h"
#include "quality/statistics/spending.h"
#include "quality/statistics/tango.h"

namespace {

using scale::core::Random;
using namespace scale::quality;

constexpr double alpha = 0.05;
constexpr double margin = 0.03;

// Whether every false-PASS rate so far was at most alpha, to three standard errors.
bool held = true;

std::string rate_text(int count, int runs) {
    const double rate = static_cast<double>(count) / runs;
    return fmt::format("{:.1f} ± {:.1f}", 100 * rate, 100 * std::sqrt(rate * (1 - rate) / runs));
}

std::string false_pass(int count, int runs) {
    held = held && static_cast<double>(count) / runs <= alpha + 3 * std::sqrt(alpha * (1 - alpha) / runs);
    return rate_text(count, runs);
}

struct Table {
    int base_only = 0;
    int candidate_only = 0;
};

void draw_items(Table& table, int items, double discordance, double loss, Random& random) {
    const double base_only = (discordance + loss) / 2;
    for (int i = 0; i < items; ++i) {
        const double u = random.uniform();
        table.base_only += u < base_only;
        table.candidate_only += u >= base_only && u < discordance;
    }
}

// The gate's decision on a table, remembered: the same tables come again and again.
bool passes(int n, const Table& table, double level) {
    static std::map<std::tuple<int, int, int>, double> known;
    const auto [place, fresh] = known.try_emplace({n, table.base_only, table.candidate_only});
    if (fresh) {
        const bool near = tango_score(n, table.base_only, table.candidate_only, margin) < -1.0;
        place->second = near ? exact_noninferiority_p({n, table.base_only, table.candidate_only}, margin) : 1;
    }
    return place->second <= level &&
           tango_score(n, table.base_only, table.candidate_only, margin) < -normal_quantile(1 - level);
}

void single_look() {
    constexpr int runs = 20000;
    fmt::print(
        "## One look\n\nMargin {:.0f} points, alpha {:.0f} %, {} simulated gates a row; rates in percent ± "
        "standard error.\n\n",
        100 * margin, 100 * alpha, runs);
    fmt::print(
        "| n | discordance | false PASS, gate | false PASS, Tango's score alone | false PASS, \"not significantly "
        "worse\" | power of the gate at no loss |\n|---|---|---|---|---|---|\n");
    for (const int n : {50, 100, 200, 300, 500, 1000})
        for (const double discordance : {0.03, 0.05, 0.1, 0.2}) {
            Random random(20240601, fmt::format("{} {}", n, discordance));
            int gate = 0, score = 0, not_worse = 0, power = 0;
            for (int run = 0; run < runs; ++run) {
                Table at_margin, no_loss;
                draw_items(at_margin, n, discordance, margin, random);
                draw_items(no_loss, n, discordance, 0, random);
                gate += passes(n, at_margin, alpha);
                score += tango_score(n, at_margin.base_only, at_margin.candidate_only, margin) < -1.6448536;
                not_worse += mcnemar_worse(at_margin.base_only, at_margin.candidate_only) >= alpha;
                power += passes(n, no_loss, alpha);
            }
            fmt::print("| {} | {:.0f} % | {} | {} | {} | {} |\n", n, 100 * discordance, false_pass(gate, runs),
                       rate_text(score, runs), rate_text(not_worse, runs), rate_text(power, runs));
        }
}

struct Sequential {
    int passed = 0;
    int naive = 0;  // the same looks, each at alpha
    double items = 0;
};

Sequential simulate_looks(const std::vector<int>& sizes, const std::vector<double>& levels, double discordance,
                          double loss, int runs) {
    Random random(20240602, fmt::format("{} {} {}", sizes.back(), discordance, loss));
    Sequential result;
    for (int run = 0; run < runs; ++run) {
        Table table;
        int taken = 0;
        bool decided = false, naive = false;
        for (std::size_t look = 0; look < sizes.size(); ++look) {
            draw_items(table, sizes[look] - taken, discordance, loss, random);
            taken = sizes[look];
            naive = naive || passes(taken, table, alpha);
            if (decided) continue;
            result.items += look == 0 ? taken : taken - sizes[look - 1];
            const bool pass = passes(taken, table, levels[look]);
            // The gate ends with FAIL, too, where the loss is beyond the margin and significant.
            const bool fail = table.base_only - table.candidate_only > taken * margin &&
                              mcnemar_worse(table.base_only, table.candidate_only) < levels[look];
            result.passed += pass;
            decided = pass || fail;
        }
        result.naive += naive;
    }
    result.items /= runs;
    return result;
}

void several_looks() {
    constexpr int runs = 20000;
    fmt::print(
        "\n## Items added while undecided\n\nO'Brien-Fleming-like spending of alpha over the declared looks. "
        "\"At alpha each\": the same looks without spending.\n\n"
        "| looks | levels, % | discordance | false PASS, gate | false PASS, at alpha each | power at no loss | "
        "power of the first look's items alone | items taken at no loss |\n|---|---|---|---|---|---|---|---|\n");
    for (const auto& sizes : {std::vector<int>{50, 100}, {100, 200}, {300, 600}, {100, 200, 300}, {300, 600, 900}})
        for (const double discordance : {0.03, 0.05, 0.1, 0.2}) {
            std::vector<double> shares;
            std::vector<std::string> names, percents;
            for (const int n : sizes) shares.push_back(static_cast<double>(n) / sizes.back());
            const auto levels = look_levels(shares, alpha, "obrien_fleming");
            for (const int n : sizes) names.push_back(fmt::format("{}", n));
            for (const double level : levels) percents.push_back(fmt::format("{:.2f}", 100 * level));
            const Sequential bad = simulate_looks(sizes, levels, discordance, margin, runs);
            const Sequential good = simulate_looks(sizes, levels, discordance, 0, runs);
            const Sequential first = simulate_looks({sizes[0]}, {alpha}, discordance, 0, runs);
            fmt::print("| {} | {} | {:.0f} % | {} | {} | {} | {} | {:.0f} |\n", fmt::join(names, ", "),
                       fmt::join(percents, ", "), 100 * discordance, false_pass(bad.passed, runs),
                       rate_text(bad.naive, runs), rate_text(good.passed, runs), rate_text(first.passed, runs),
                       good.items);
        }
}

void sample_sizes() {
    constexpr int runs = 4000;
    fmt::print(
        "\n## Power as predicted\n\nThe number of items by formula for a power of 80 % at no loss, and the "
        "power that the gate has with it.\n\n| discordance | items by formula | power, simulated |\n|---|---|---|\n");
    for (const double discordance : {0.03, 0.05, 0.1}) {
        const int n = paired_sample_size({discordance, 0, margin, alpha, 0.8});
        Random random(20240603, fmt::format("{}", discordance));
        int power = 0;
        for (int run = 0; run < runs; ++run) {
            Table table;
            draw_items(table, n, discordance, 0, random);
            power += passes(n, table, alpha);
        }
        fmt::print("| {:.0f} % | {} | {} |\n", 100 * discordance, n, rate_text(power, runs));
    }
}

// Values of texts: log-normal, with a share `between` of the variance of the logarithm between texts.
struct TokenLaw {
    double deviation = 1.5;
    double between = 0.2;

    std::vector<std::vector<double>> draw(int texts, int tokens, Random& random) const {
        std::vector<std::vector<double>> values(texts);
        for (auto& text : values) {
            const double level = deviation * std::sqrt(between) * random.normal();
            for (int i = 0; i < tokens; ++i)
                text.push_back(std::exp(level + deviation * std::sqrt(1 - between) * random.normal()));
        }
        return values;
    }
    double mean() const { return std::exp(deviation * deviation / 2); }
    double percentile(double p) const { return std::exp(deviation * normal_quantile(p)); }
};

void distribution_limits() {
    constexpr int runs = 2000;
    fmt::print(
        "\n## Limits of the divergence\n\n{} samples a row of log-normal tokens, standard deviation 1.5 of the "
        "logarithm, some of its variance between texts. False PASS: the upper limit lies below the true value. "
        "\"Percentiles of the resamples\" is the plain bootstrap on the same samples (400 resamples).\n\n"
        "| texts × tokens | variance between texts | mean, gate | mean, percentiles of the resamples | 99th "
        "percentile | 99.9th percentile | of these with a limit |\n|---|---|---|---|---|---|---|\n",
        runs);
    for (const auto& [texts, tokens] : {std::pair{24, 100}, {32, 256}, {96, 256}})
        for (const double between : {0.0, 0.1, 0.3}) {
            const TokenLaw law{1.5, between};
            Random random(20240604, fmt::format("{} {} {}", texts, tokens, between));
            int mean_wrong = 0, plain = 0, p99 = 0, p999 = 0, limits = 0;
            for (int run = 0; run < runs; ++run) {
                const auto sample = law.draw(texts, tokens, random);
                std::vector<Cluster> clusters;
                for (const auto& text : sample) {
                    Cluster cluster;
                    for (const double value : text) cluster.sum += value;
                    cluster.weight = tokens;
                    clusters.push_back(cluster);
                }
                mean_wrong += bootstrap_mean(clusters, alpha, random.next(), 1000).upper < law.mean();
                std::vector<double> resamples;
                for (int r = 0; r < 400; ++r) {
                    double sum = 0;
                    for (int i = 0; i < texts; ++i) sum += clusters[random.below(clusters.size())].sum;
                    resamples.push_back(sum / texts / tokens);
                }
                std::sort(resamples.begin(), resamples.end());
                plain += resamples[380] < law.mean();
                p99 += percentile_limits(sample, 0.99, alpha).upper < law.percentile(0.99);
                const auto far = percentile_limits(sample, 0.999, alpha);
                p999 += far.upper < law.percentile(0.999);
                limits += std::isfinite(far.upper);
            }
            fmt::print("| {} × {} | {:.0f} % | {} | {} | {} | {} | {:.0f} % |\n", texts, tokens, 100 * between,
                       rate_text(mean_wrong, runs), rate_text(plain, runs), false_pass(p99, runs),
                       false_pass(p999, runs), 100.0 * limits / runs);
        }
}

void continuous_scores() {
    constexpr int runs = 4000;
    fmt::print(
        "\n## Continuous scores\n\nPaired losses of items in clusters (an item's loss is its cluster's, normal, "
        "plus its own, centred exponential), true mean = margin; paired cluster bootstrap.\n\n"
        "| clusters × items | false PASS |\n|---|---|\n");
    for (const auto& [clusters, items] : {std::pair{15, 20}, {30, 10}, {100, 1}, {300, 1}}) {
        Random random(20240605, fmt::format("{}", clusters));
        int wrong = 0;
        for (int run = 0; run < runs; ++run) {
            std::vector<Cluster> losses;
            for (int c = 0; c < clusters; ++c) {
                Cluster cluster{0, static_cast<double>(items)};
                const double own = 0.05 * random.normal();
                for (int i = 0; i < items; ++i)
                    cluster.sum += margin + own + 0.1 * (-std::log1p(-random.uniform()) - 1);
                losses.push_back(cluster);
            }
            wrong += bootstrap_mean(losses, alpha, random.next(), 1000).upper < margin;
        }
        fmt::print("| {} × {} | {} |\n", clusters, items, false_pass(wrong, runs));
    }
}

}  // namespace

int main() {
    single_look();
    several_looks();
    sample_sizes();
    continuous_scores();
    distribution_limits();
    fmt::print(
        "\n{}\n",
        held ? "The gate's false-PASS rate on accuracy, at one look and at several, on continuous scores and on both "
               "percentiles is at most alpha in every row (to three standard errors)."
             : "The gate's false-PASS rate EXCEEDS alpha in some row.");
    return held ? 0 : 1;
}

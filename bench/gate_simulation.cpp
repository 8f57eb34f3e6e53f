// How often the gate's accuracy check errs, by simulation, beside the rule it replaces.
//
// For n items, margin Δ and discordance ψ, tables (base_only, candidate_only) are drawn from the multinomial law whose
// true loss is δ. At δ = Δ a PASS is false: the rate must not exceed α = 5 %. At δ = 0 the PASS rate is the power. The
// rule "not significantly worse" (pass unless McNemar's one-sided exact p < 0.05) is applied to the same tables.
// The standard error of a rate is printed with it; the seed is fixed, so the table is reproducible.
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/random.h"
#include "quality/statistics/mcnemar.h"
#include "quality/statistics/tango.h"

namespace {

using scale::core::Random;
using namespace scale::quality;

constexpr double alpha = 0.05;
constexpr double margin = 0.03;
constexpr int tables = 20000;

struct Rates {
    double gate = 0;
    double score_alone = 0;
    double not_worse = 0;
};

struct Decisions {
    bool gate = false;
    bool score_alone = false;
    bool not_worse = false;
};

Decisions decide_table(int n, int base_only, int candidate_only) {
    Decisions decisions;
    decisions.score_alone = tango_score(n, base_only, candidate_only, margin) < -1.6448536;
    decisions.gate = decisions.score_alone && exact_noninferiority_p({n, base_only, candidate_only}, margin) <= alpha;
    decisions.not_worse = mcnemar_worse(base_only, candidate_only) >= alpha;
    return decisions;
}

Rates simulate(int n, double discordance, double loss) {
    Random random(20240601, fmt::format("{} {} {}", n, discordance, loss));
    const double base_only = (discordance + loss) / 2;
    const double candidate_only = (discordance - loss) / 2;
    std::map<std::pair<int, int>, Decisions> known;
    Rates rates;
    for (int table = 0; table < tables; ++table) {
        int b = 0, c = 0;
        for (int i = 0; i < n; ++i) {
            const double u = random.uniform();
            b += u < base_only;
            c += u >= base_only && u < base_only + candidate_only;
        }
        const auto [place, fresh] = known.try_emplace({b, c});
        if (fresh) place->second = decide_table(n, b, c);
        rates.gate += place->second.gate;
        rates.score_alone += place->second.score_alone;
        rates.not_worse += place->second.not_worse;
    }
    rates.gate /= tables;
    rates.score_alone /= tables;
    rates.not_worse /= tables;
    return rates;
}

std::string percent(double rate) {
    return fmt::format("{:.1f} ± {:.1f}", 100 * rate, 100 * std::sqrt(rate * (1 - rate) / tables));
}

}  // namespace

int main() {
    fmt::print("Margin {:.0f} points, alpha {:.0f} %, {} simulated gates a row; rates in percent ± standard error.\n\n",
               100 * margin, 100 * alpha, tables);
    fmt::print(
        "| n | discordance | false PASS, gate | false PASS, Tango's score alone | false PASS, \"not significantly "
        "worse\" | power of the gate at no loss |\n|---|---|---|---|---|---|\n");
    bool held = true;
    for (const int n : {50, 100, 200, 500})
        for (const double discordance : {0.03, 0.05, 0.1, 0.2}) {
            const Rates at_margin = simulate(n, discordance, margin);
            const Rates no_loss = simulate(n, discordance, 0);
            held = held && at_margin.gate <= alpha + 3 * std::sqrt(alpha * (1 - alpha) / tables);
            fmt::print("| {} | {:.0f} % | {} | {} | {} | {} |\n", n, 100 * discordance, percent(at_margin.gate),
                       percent(at_margin.score_alone), percent(at_margin.not_worse), percent(no_loss.gate));
        }
    fmt::print("\n{}\n", held ? "The gate's false-PASS rate is at most alpha in every row (to three standard errors)."
                              : "The gate's false-PASS rate EXCEEDS alpha in some row.");
    return held ? 0 : 1;
}

#include "quality/gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "quality/noise.h"
#include "record/gate_endpoint.h"

namespace scale::quality {
namespace {

std::string label(const record::GateCheck& check) {
    return check.category == "distribution" || check.category == "behaviour" || check.category == "identity" ||
                   check.category == "imported"
               ? check.name
               : fmt::format("{} ({})", check.name, check.endpoint);
}

std::string list_of(const std::vector<record::GateCheck>& checks, const char* wanted) {
    std::vector<std::string> names;
    for (const record::GateCheck& check : checks)
        if (check.result == wanted) names.push_back(label(check));
    return fmt::format("{}", fmt::join(names, ", "));
}

// Categories without a check that counts, and the distribution where it was not measured.
std::vector<std::string> unproven(const std::vector<record::GateCheck>& checks) {
    const auto counts = [&](const std::string& category) {
        return std::any_of(checks.begin(), checks.end(), [&](const record::GateCheck& check) {
            return check.category == category && check.result != result::no_power;
        });
    };
    std::vector<std::string> missing;
    if (!counts("distribution")) missing.emplace_back("distribution");
    for (const char* category : required_categories)
        if (!counts(category)) missing.emplace_back(category);
    return missing;
}

std::string reachable_text(const record::GateCheck& check) {
    if (check.reachable <= 0) return "";
    return record::counts_in_points(check) ? fmt::format("; so many can show {:.2f} points", 100 * check.reachable)
                                           : fmt::format("; so many can show {:.2g}", check.reachable);
}

std::string needed_text(const std::vector<record::GateCheck>& checks) {
    std::vector<std::string> parts;
    for (const record::GateCheck& check : checks) {
        if (check.result != result::inconclusive) continue;
        const char* unit = check.category == "distribution" ? "tokens" : "items";
        parts.push_back(
            check.items_needed > 0
                ? fmt::format("{} about {} {} (has {}{})", label(check), check.items_needed, unit, check.n,
                              reachable_text(check))
                : fmt::format("{} no number of {}, as the observed loss is not below the margin", label(check), unit));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

GateOutcome combine(std::vector<record::GateCheck> checks) {
    GateOutcome outcome;
    const std::string failed = list_of(checks, result::fail);
    const std::string undecided = list_of(checks, result::inconclusive);
    const std::vector<std::string> missing = unproven(checks);
    if (!failed.empty()) {
        outcome.verdict = result::fail;
        outcome.sentence = fmt::format("FAIL: the loss exceeds the declared margin on {}.", failed);
    } else if (!missing.empty()) {
        outcome.verdict = result::inconclusive;
        outcome.sentence = fmt::format(
            "INCONCLUSIVE: nothing was shown on {}, as the original has no signal there to "
            "lose or nothing was measured{}{}.",
            fmt::join(missing, ", "), undecided.empty() ? "" : "; undecided: ", undecided);
    } else if (!undecided.empty()) {
        outcome.verdict = result::inconclusive;
        outcome.sentence = fmt::format("INCONCLUSIVE: more evidence is needed: {}.", needed_text(checks));
        outcome.more_may_help = true;
    } else {
        outcome.verdict = result::pass;
        const auto counting =
            std::count_if(checks.begin(), checks.end(), [](const auto& check) { return check.result == result::pass; });
        outcome.sentence = fmt::format(
            "PASS: on all {} comparisons the loss is below its declared margin, with error "
            "rate at most as declared.",
            counting);
    }
    outcome.checks = std::move(checks);
    return outcome;
}

GateOutcome judge(const record::Budget& budget, const Measurements& measurements, const record::NoiseFloor& noise) {
    std::vector<record::GateCheck> checks = distribution_checks(budget, measurements.sequences);
    if (measurements.known_tokens > 0) apply_lower_bound(checks, measurements.known_tokens);
    std::vector<record::GateCheck> suites = suite_checks(budget, measurements.items);
    for (record::GateCheck& check : suites)
        if (const auto how = measurements.scoring.find(check.name); how != measurements.scoring.end())
            check.note += (check.note.empty() ? "by " : "; by ") + how->second;
    for (auto& part :
         {suites, behaviour_checks(budget, measurements.items), imported_checks(budget, measurements.imported),
          identity_checks(budget, measurements.identities)})
        checks.insert(checks.end(), part.begin(), part.end());
    apply_noise(checks, noise);
    return combine(std::move(checks));
}

}  // namespace scale::quality

// The gate, judged again from the record: was the bar fixed before the result, and does the verdict follow from it?

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "record/gate_endpoint.h"
#include "record/payload.h"
#include "record/verify_checks.h"

namespace scale::record {

namespace {

const Entry* find(const std::vector<Entry>& entries, const std::string& hash) {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.hash == hash; });
    return found == entries.end() ? nullptr : &*found;
}

const Entry* parent_of_kind(const std::vector<Entry>& entries, const Entry& entry, std::string_view kind) {
    for (const std::string& hash : entry.parents)
        if (const Entry* parent = find(entries, hash); parent && parent->kind == kind) return parent;
    return nullptr;
}

// The limits by which `later` lets more pass than `earlier`.
std::vector<std::string> loosened(const Budget& earlier, const Budget& later) {
    std::vector<std::string> names;
    const auto compare = [&](const std::string& name, double before, double after) {
        if (after > before) names.push_back(fmt::format("{} {} → {}", name, before, after));
    };
    compare("alpha", earlier.alpha, later.alpha);
    compare("points", earlier.points, later.points);
    compare("likelihood_nats", earlier.likelihood_nats, later.likelihood_nats);
    compare("kl_mean", earlier.kl_mean, later.kl_mean);
    compare("perplexity_ratio", earlier.perplexity_ratio, later.perplexity_ratio);
    const auto limit = [](double value) { return value > 0 ? value : std::numeric_limits<double>::infinity(); };
    compare("kl_p99", limit(earlier.kl_p99), limit(later.kl_p99));
    compare("kl_p999", limit(earlier.kl_p999), limit(later.kl_p999));
    compare("rms_dp", limit(earlier.rms_dp), limit(later.rms_dp));
    compare("slice_factor", earlier.slice_factor, later.slice_factor);
    compare("length_ratio", earlier.length_ratio, later.length_ratio);
    compare("behaviour_points", earlier.behaviour_points, later.behaviour_points);
    for (const ImportedSuite& suite : earlier.imports) {
        const auto found = std::find_if(later.imports.begin(), later.imports.end(), [&](const ImportedSuite& other) {
            return other.task == suite.task && other.metric == suite.metric && other.filter == suite.filter;
        });
        if (found == later.imports.end())
            names.push_back("imported suite " + suite.task + " dropped");
        else
            compare("imported suite " + suite.task, suite.margin, found->margin);
    }
    if (later.top1_agreement < earlier.top1_agreement)
        names.push_back(fmt::format("top1_agreement {} → {}", earlier.top1_agreement, later.top1_agreement));
    for (const auto& [suite, margin] : earlier.suites) {
        const auto found = later.suites.find(suite);
        if (found == later.suites.end())
            names.push_back("suite " + suite + " dropped");
        else
            compare("suite " + suite, margin, found->second);
    }
    // Fewer or other items after a result: another draw, until one passes.
    compare("items, fewer:", -earlier.items, -later.items);
    if (later.seed != earlier.seed) names.push_back(fmt::format("seed {} → {}", earlier.seed, later.seed));
    return names;
}

// What the record must say of a gate for its result to count.
void judge_gate(const std::vector<Entry>& entries, const Entry& gate, std::map<std::string, const Entry*>& first,
                std::vector<Finding>& faults) {
    const auto payload = gate.payload.get<GateStarted>();
    const Entry* budget = find(entries, payload.budget);
    if (!budget || budget->kind != kind::budget || budget->seq > gate.seq) {
        faults.push_back({"",
                          Outcome::failed,
                          fmt::format("entry {}: the budget it names is not an earlier budget entry", gate.seq),
                          {gate.seq}});
        return;
    }
    const auto [at, is_first] = first.emplace(payload.artefact_sha256, &gate);
    const Entry& earliest = *at->second;
    if (is_first || budget->seq < earliest.seq) return;
    const Entry* declared = find(entries, earliest.payload.get<GateStarted>().budget);
    const auto before = declared->payload.get<Budget>();
    const auto after = budget->payload.get<Budget>();
    const auto names = loosened(before, after);
    const std::vector<std::uint64_t> involved{declared->seq, earliest.seq, budget->seq, gate.seq};
    if (!names.empty())
        faults.push_back({"", Outcome::failed,
                          fmt::format("entry {} loosens the budget of entry {} ({}) after the gate of entry {} had "
                                      "opened this artefact",
                                      budget->seq, declared->seq, fmt::join(names, ", "), earliest.seq),
                          involved});
}

// The result of one check follows from its figures.
std::string contradiction(const GateCheck& check) {
    const bool within = check.upper <= check.margin;
    if (check.result == "PASS" && check.n <= 0) return "passes without a single item";
    if (check.result == "PASS" && !std::isfinite(check.upper)) return "passes without an upper limit";
    if (check.result == "PASS" && !within)
        return fmt::format("passes with an upper limit of {} over its margin of {}", check.upper, check.margin);
    if (check.result == "FAIL" && (within || check.difference <= check.margin))
        return fmt::format("fails with a loss of {} and an upper limit of {} within its margin of {}", check.difference,
                           check.upper, check.margin);
    if (check.result != "PASS" && check.result != "FAIL" && check.result != "INCONCLUSIVE" &&
        check.result != "NO POWER")
        return fmt::format("has the result '{}'", check.result);
    return {};
}

// The widest margin that a declared import of the check's task allows.
std::optional<double> imported_margin(const Budget& budget, const GateCheck& check) {
    std::optional<double> widest;
    for (const ImportedSuite& suite : budget.imports)
        if (check.name.rfind(suite.task, 0) == 0)
            widest = std::max(widest.value_or(0), counts_in_points(check) ? suite.margin / 100 : suite.margin);
    return widest.value_or(0);
}

// The margin that the budget gives to the check; none where the budget says nothing of it (a suite's default).
std::optional<double> declared_margin(const Budget& budget, const GateCheck& check) {
    if (check.endpoint == "kl_mean") return budget.kl_mean;
    if (check.endpoint == "top1_agreement") return 1 - budget.top1_agreement;
    if (check.endpoint == "perplexity_ratio") return budget.perplexity_ratio - 1;
    if (check.endpoint == "gold_loss") return budget.likelihood_nats;
    if (check.category == "overall") return budget.points / 100;
    if (check.endpoint == "kl_mean_slice") return budget.kl_mean * budget.slice_factor;
    if (check.endpoint == "kl_p99") return budget.kl_p99;
    if (check.endpoint == "kl_p999") return budget.kl_p999;
    if (check.endpoint == "rms_dp") return budget.rms_dp;
    if (check.category == "identity") return 0;
    if (check.endpoint == "habit") return budget.behaviour_points / 100;
    if (check.endpoint == "length") return budget.length_ratio - 1;
    if (check.category == "imported") return imported_margin(budget, check);
    const auto suite = budget.suites.find(check.category);
    if (counts_in_points(check) && suite != budget.suites.end()) return suite->second / 100;
    return std::nullopt;
}

std::string wrong_margin(const Budget& budget, const GateCheck& check) {
    const auto declared = declared_margin(budget, check);
    if (!declared || check.margin <= *declared + 1e-9) return {};
    return fmt::format("was held to a margin of {}; the budget declared {}", check.margin, *declared);
}

// The verdict that the checks allow; "" where it is what was recorded.
std::string wrong_verdict(const Verdict& verdict) {
    const auto count = [&](std::string_view result) {
        return std::count_if(verdict.checks.begin(), verdict.checks.end(),
                             [&](const GateCheck& check) { return check.result == result; });
    };
    if (verdict.verdict == "PASS") {
        if (count("FAIL") > 0 || count("INCONCLUSIVE") > 0) return "says PASS though not every check passed";
        const bool beyond_fluency =
            std::any_of(verdict.checks.begin(), verdict.checks.end(), [](const GateCheck& check) {
                return check.result == "PASS" && check.category != "distribution" && check.category != "identity";
            });
        if (!beyond_fluency) return "says PASS on fluency alone";
    } else if (verdict.verdict == "FAIL") {
        if (count("FAIL") == 0) return "says FAIL though no check failed";
    } else if (verdict.verdict == "INCONCLUSIVE") {
        if (count("FAIL") > 0) return "says INCONCLUSIVE though a check failed";
        if (count("INCONCLUSIVE") + count("NO POWER") == 0) return "says INCONCLUSIVE though every check passed";
    } else {
        return "says '" + verdict.verdict + "'";
    }
    return {};
}

// Every look at its own level, none beyond those declared, together at most the declared error rate.
std::string wrong_looks(const Verdict& verdict, const Budget& budget) {
    if (static_cast<int>(verdict.looks.size()) > budget.looks)
        return fmt::format("took {} looks; the budget declared {}", verdict.looks.size(), budget.looks);
    for (const GateLook& look : verdict.looks) {
        if (look.level > budget.alpha + 1e-9 || look.spent > budget.alpha + 1e-9)
            return fmt::format("look {} was made at a level of {}; the budget declared {}", look.look, look.level,
                               budget.alpha);
        if (look.look < static_cast<int>(verdict.looks.size()) && look.verdict != "INCONCLUSIVE")
            return fmt::format("look {} said {}, yet another followed", look.look, look.verdict);
    }
    if (verdict.looks.empty()) return {};
    for (const GateCheck& check : verdict.checks)
        if (check.result == "PASS" && check.level > verdict.looks.back().level + 1e-9)
            return fmt::format("check {} was made at a level of {} instead of {}", check.name, check.level,
                               verdict.looks.back().level);
    return {};
}

// A margin within twice what the original differs from itself shows nothing.
std::string within_noise(const GateCheck& check) {
    if (check.result != "PASS" || check.noise <= check.margin / 2) return {};
    return fmt::format("passes with a noise floor of {} against a margin of {}", check.noise, check.margin);
}

// A gate measures where its budget says, and from a lower bound follows no PASS.
std::string wrong_source(const Verdict& verdict, const Budget& budget) {
    const bool served = !verdict.served.original.empty();
    if (served != (budget.scoring.distribution == "servers"))
        return fmt::format("judges by {}; the budget declared {}", served ? "servers" : "the engine",
                           budget.scoring.distribution);
    if (!served) return {};
    const ServedMeasurement& found = verdict.served;
    if (found.original_off > found.limit)
        return fmt::format("judges by a server that is {} nats from the engine; at most {}", found.original_off,
                           found.limit);
    for (const GateCheck& check : verdict.checks)
        if (!found.whole && is_divergence(check) && check.result != "FAIL" && check.result != "NO POWER")
            return fmt::format("check {} is {} by a lower bound", check.name, check.result);
    return {};
}

// A full gate scores every category that the framework asks for.
std::string missing_category(const Verdict& verdict) {
    if (verdict.compressed) return {};
    for (const char* category : {"reasoning", "instructions", "long_context"}) {
        const bool scored = std::any_of(verdict.checks.begin(), verdict.checks.end(), [&](const GateCheck& check) {
            return check.category == category && check.result != "NO POWER";
        });
        if (!scored) return fmt::format("says PASS with no check that counts in the category {}", category);
    }
    return {};
}

void judge_verdict(const std::vector<Entry>& entries, const Entry& entry, std::vector<Finding>& faults) {
    const auto verdict = entry.payload.get<Verdict>();
    const auto fail = [&](const std::string& what) {
        if (!what.empty())
            faults.push_back({"", Outcome::failed, fmt::format("entry {}: {}", entry.seq, what), {entry.seq}});
    };
    const Entry* gate = find(entries, verdict.gate_started);
    if (!gate || gate->kind != kind::gate_started || gate->seq > entry.seq) {
        fail("names no earlier gate_started entry");
    } else {
        const auto started = gate->payload.get<GateStarted>();
        if (started.artefact_sha256 != verdict.artefact_sha256) fail("judges another artefact than its gate opened");
        const Entry* budget = parent_of_kind(entries, entry, kind::budget);
        if (budget && budget->hash != started.budget) fail("uses another budget than its gate opened with");
        if (budget && !budget->payload.value("items_sha256", "").empty() &&
            budget->payload.value("items_sha256", "") != started.items_sha256)
            fail("its gate used other items than the budget declared");
        if (budget && !budget->payload.value("baseline_sha256", "").empty() &&
            budget->payload.value("baseline_sha256", "") != started.baseline_sha256)
            fail("its gate used another original than the budget declared");
    }
    const Entry* artefact = parent_of_kind(entries, entry, kind::artefact);
    if (artefact && artefact->payload.value("sha256", "") != verdict.artefact_sha256)
        fail("judges another artefact than the entry it builds on");
    if (const Entry* declared = parent_of_kind(entries, entry, kind::budget))
        for (const auto& what : {wrong_looks(verdict, declared->payload.get<Budget>()),
                                 wrong_source(verdict, declared->payload.get<Budget>())})
            fail(what);
    for (const GateCheck& check : verdict.checks)
        if (const std::string what = within_noise(check); !what.empty())
            fail(fmt::format("check {} {}", check.name, what));
    if (const Entry* declared = parent_of_kind(entries, entry, kind::budget))
        for (const GateCheck& check : verdict.checks)
            if (const std::string what = wrong_margin(declared->payload.get<Budget>(), check); !what.empty())
                fail(fmt::format("check {} {}", check.name, what));
    for (const GateCheck& check : verdict.checks)
        if (const std::string what = contradiction(check); !what.empty())
            fail(fmt::format("check {} {}", check.name, what));
    fail(wrong_verdict(verdict));
    if (verdict.verdict == "PASS") fail(missing_category(verdict));
}

// The gates of a training: 10, 30, 100 % in order on one mixture, each against its budget; a training that is called
// finished passed.
void judge_checkpoint(const std::vector<Entry>& entries, const Entry& entry, std::vector<Finding>& faults) {
    const auto gate = entry.payload.get<CheckpointGate>();
    const auto fail = [&](const std::string& what) {
        if (!what.empty())
            faults.push_back({"", Outcome::failed, fmt::format("entry {}: {}", entry.seq, what), {entry.seq}});
    };
    const Entry* mixture = parent_of_kind(entries, entry, kind::training_mixture);
    const int before = gate.percent == 30 ? 10 : gate.percent == 100 ? 30 : 0;
    if (gate.percent != 10 && before == 0) fail(fmt::format("gates a checkpoint at {} %", gate.percent));
    const bool follows = std::any_of(entries.begin(), entries.end(), [&](const Entry& other) {
        return other.kind == kind::checkpoint_gate && other.seq < entry.seq &&
               other.payload.value("percent", 0) == before &&
               parent_of_kind(entries, other, kind::training_mixture) == mixture;
    });
    if (before > 0 && !follows) fail(fmt::format("has no gate at {} % of the same training before it", before));
    if (const Entry* declared = parent_of_kind(entries, entry, kind::budget))
        for (const GateCheck& check : gate.checks) {
            for (const std::string& what : {wrong_margin(declared->payload.get<Budget>(), check), contradiction(check)})
                if (!what.empty()) fail(fmt::format("check {} {}", check.name, what));
        }
    const bool all_passed = std::none_of(gate.checks.begin(), gate.checks.end(), [](const GateCheck& check) {
        return check.result == "FAIL" || check.result == "INCONCLUSIVE";
    });
    if (gate.decision == "finish" && (gate.percent != 100 || !all_passed))
        fail("calls the training finished without a PASS");
}

}  // namespace

std::vector<Finding> check_budget_priority(const std::vector<Entry>& entries) {
    std::vector<Finding> faults;
    std::map<std::string, const Entry*> first;
    for (const Entry& entry : entries)
        if (entry.kind == kind::gate_started) judge_gate(entries, entry, first, faults);
    return findings_of("budget before result", std::move(faults),
                       fmt::format("{} artefact(s) measured, each against a budget that stood before its first "
                                   "measurement or was only tightened",
                                   first.size()));
}

std::vector<Finding> check_verdicts(const std::vector<Entry>& entries) {
    std::vector<Finding> faults;
    int verdicts = 0;
    for (const Entry& entry : entries) {
        if (entry.kind == kind::checkpoint_gate) judge_checkpoint(entries, entry, faults);
        if (entry.kind != kind::verdict) continue;
        ++verdicts;
        judge_verdict(entries, entry, faults);
    }
    return findings_of("verdict", std::move(faults),
                       fmt::format("{} verdict(s), each follows from its checks and margins", verdicts));
}

}  // namespace scale::record

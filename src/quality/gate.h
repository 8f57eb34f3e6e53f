// From measurements to a verdict, by rules fixed before anything was measured. Pure: no engine, no files.
//
// Every check compares an upper limit of the loss (one-sided, level 1 − α) with the budget's margin:
//   PASS          upper < margin;
//   FAIL          lower limit > margin, or the observed loss is beyond the margin and significantly above zero;
//   INCONCLUSIVE  otherwise, with the number of items or tokens at which the observed loss would pass with power 0.8;
//   NO POWER      the comparison cannot show quality (below), so it counts neither way.
//
// Distribution (held-out traffic): kl_mean, top1_agreement, perplexity_ratio, rms_dp by bootstrap over texts; the 99th
//   and 99.9th percentile of the divergence by order statistics over clustered tokens; the mean in every stratum.
//   Where servers told the most likely tokens only, every divergence is a lower bound: it may FAIL, and is NO POWER
//   otherwise. The other three are exact.
// Suites: accuracy by Tango's score with exact size, counts divided by the design effect of the suite's clusters.
//   Headroom: accuracy counts only where the original's lower limit is at least chance + 2 × margin; a model at chance
//   has nothing to lose and would pass anything. Without it the accuracy check says NO POWER and a gold_loss check is
//   added: the paired increase of −log p(right option | the options) against likelihood_nats. It counts only where the
//   original's own gold loss is significantly below ln k, that of a guess (k options): otherwise it, too, is NO POWER.
// Overall: all items of suites whose accuracy counts (consistency apart), pooled, against `points`, by their expected
//   accuracy (the mean probability of the right option among the options): it answers to every shift of a model, where
//   the share of right answers only answers to flips, and needs some thousand items for a margin of one point.
//
// Behaviour, where answers were generated: length, answers cut at the limit, loops, refusals.
// Identity: both files have the same chat template, and the candidate's context is no shorter.
// Imported suites (lm-evaluation-harness): right or wrong by Tango's score, other scores by paired bootstrap.
// Noise: the original against itself. A comparison whose margin is less than twice the noise floor has NO POWER.
//
// Verdict: FAIL if any check fails. PASS if every counting check passes, the distribution was measured, and each of
// reasoning, instructions and long_context has at least one counting check. INCONCLUSIVE otherwise. All checks must
// pass, so this is an intersection–union test: each at α gives at most α for the whole, without correction.
#pragma once

#include <string>
#include <vector>

#include "quality/measurements.h"
#include "record/payload.h"

namespace scale::quality {

namespace result {
inline constexpr const char* pass = "PASS";
inline constexpr const char* fail = "FAIL";
inline constexpr const char* inconclusive = "INCONCLUSIVE";
inline constexpr const char* no_power = "NO POWER";
}  // namespace result

inline constexpr const char* required_categories[] = {"reasoning", "instructions", "long_context"};
inline constexpr double default_suite_margin = 3.0;  // percentage points

struct GateOutcome {
    std::string verdict;
    std::string sentence;
    std::vector<record::GateCheck> checks;
    bool more_may_help = false;  // undecided, and nothing stands in the way of a PASS that items could not remove
};

// `budget.alpha` is the level of this look (looks.h).
GateOutcome judge(const record::Budget& budget, const Measurements& measurements, const record::NoiseFloor& noise = {});

// The parts of judge().
std::vector<record::GateCheck> distribution_checks(const record::Budget& budget,
                                                   const std::vector<SequenceResult>& sequences);
std::vector<record::GateCheck> tail_checks(const record::Budget& budget, const std::vector<SequenceResult>& sequences);
std::vector<record::GateCheck> slice_checks(const record::Budget& budget, const std::vector<SequenceResult>& sequences);
// Of divergences that are lower bounds, from so many tokens a place: what did not fail counts neither way.
void apply_lower_bound(std::vector<record::GateCheck>& checks, int known_tokens);
std::vector<record::GateCheck> suite_checks(const record::Budget& budget, const std::vector<ItemResult>& items);
std::vector<record::GateCheck> behaviour_checks(const record::Budget& budget, const std::vector<ItemResult>& items);
std::vector<record::GateCheck> identity_checks(const record::Budget& budget, const std::vector<Identity>& identities);
std::vector<record::GateCheck> imported_checks(const record::Budget& budget,
                                               const std::vector<ImportedScore>& imported);
GateOutcome combine(std::vector<record::GateCheck> checks);

// `share` of the margin map, or the default.
double suite_margin(const record::Budget& budget, const std::string& suite);

}  // namespace scale::quality

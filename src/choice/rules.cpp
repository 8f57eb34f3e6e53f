#include "choice/rules.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "choice/conclude.h"
#include "choice/exclusions.h"
#include "choice/refusals.h"
#include "core/text.h"

namespace scale::choice {

namespace {

using record::Candidate;

constexpr double high_quality_points = 1.0;  // a budget of at most this means that quality must stay high
constexpr double equal_kl = 0.01;            // relative; estimates closer than this count as equal

bool on_target(const Situation& situation, const Candidate& candidate) {
    return target_load(situation, candidate) <= 1;
}

// Lower estimated KL; where the estimates do not differ, the faster.
bool better(const Candidate& a, const Candidate& b) {
    if (std::abs(a.kl_estimate - b.kl_estimate) > equal_kl * std::max(a.kl_estimate, b.kl_estimate))
        return a.kl_estimate < b.kl_estimate;
    return a.speed.rate.median > b.speed.rate.median;
}

// The best of the eligible candidates on target with nominal bits in [low, high).
Candidate* best_between(const Situation& situation, std::vector<Candidate>& candidates, double low, double high) {
    Candidate* best = nullptr;
    for (Candidate& candidate : candidates)
        if (candidate.eligible && candidate.nominal_bits >= low && candidate.nominal_bits < high &&
            on_target(situation, candidate) && (!best || better(candidate, *best)))
            best = &candidate;
    return best;
}

Candidate* fastest_left(std::vector<Candidate>& candidates) {
    Candidate* best = nullptr;
    for (Candidate& candidate : candidates)
        if (candidate.eligible && (!best || candidate.speed.rate.median > best->speed.rate.median)) best = &candidate;
    return best;
}

// Why the winner relieves the constraint, for the end of its reason.
std::string relief(const Situation& situation, const Candidate& winner) {
    if (situation.constraint.kind == "memory")
        return fmt::format("it takes {} of {} (estimated), and runs at {}", core::human_bytes(winner.memory.total()),
                           core::human_bytes(memory_limit(situation)), speed_phrase(winner));
    return fmt::format("it {}, and runs at {}", describe_target(situation, winner), speed_phrase(winner));
}

bool quality_must_stay_high(const Situation& situation) {
    return situation.quality == "paramount" || situation.points <= high_quality_points;
}

// There is no estimate for the formats of servers.
const char* merit(const Candidate& winner) {
    return winner.kl_estimate > 0 ? "has the lowest estimated KL" : "is the fastest";
}

Choice choose_int8(const Situation& situation, std::vector<Candidate>& candidates) {
    Candidate* int8 = find(candidates, situation.target == "vllm" ? "W8A8-INT8" : "Q8_0");
    if (!int8 || !int8->eligible || !on_target(situation, *int8)) return {};
    if (situation.quality == "paramount")
        return {int8, rule::int8_quality,
                fmt::format("quality is paramount and memory is adequate, so INT8: {}", relief(situation, *int8))};
    if (situation.constraint.kind == "memory" || !quality_must_stay_high(situation) || !(int8->speedup.low > 1))
        return {};
    return {int8, rule::int8_throughput,
            fmt::format("the bottleneck is {}, not memory, quality must stay high (a budget of {:g} point{}), and INT8 "
                        "kernels are measured faster here: {}",
                        situation.constraint.kind, situation.points, situation.points == 1 ? "" : "s",
                        relief(situation, *int8))};
}

Choice choose_by_rules(const Situation& situation, std::vector<Candidate>& candidates) {
    if (Choice int8 = choose_int8(situation, candidates); int8.winner) return int8;
    if (Candidate* winner = best_between(situation, candidates, 4, 5))
        return {winner, rule::default_4_bit,
                fmt::format("4 bits is the default, and of the 4-bit types left it {}: {}", merit(*winner),
                            relief(situation, *winner))};
    if (Candidate* winner = best_between(situation, candidates, 5, 17))
        return {winner, rule::wider,
                fmt::format("no 4-bit type will do, and of the wider ones left it {}: {}", merit(*winner),
                            relief(situation, *winner))};
    if (Candidate* winner = best_between(situation, candidates, 0, 4))
        return {winner, rule::below_4_bit,
                fmt::format("nothing of 4 bits or more will do, and budget and QAT plan unlock it: {}",
                            relief(situation, *winner))};
    Candidate* winner = situation.because.empty() ? nullptr : fastest_left(candidates);
    if (!winner) return {};
    return {winner, rule::fastest,
            fmt::format("nothing is on target, a stated reason accepts that, and it is the fastest left: it {}, {:.2f} "
                        "times short",
                        describe_target(situation, *winner), target_load(situation, *winner))};
}

Choice choose_pinned(const Situation& situation, Candidate& candidate) {
    std::string reason = fmt::format("pinned by a person: {}", relief(situation, candidate));
    if (!on_target(situation, candidate))
        reason += fmt::format("; the target is still missed {:.2f} times over", target_load(situation, candidate));
    return {&candidate, rule::pinned, std::move(reason)};
}

// The verdict of an eligible candidate that was not chosen.
void explain_loss(const Situation& situation, const Choice& choice, Candidate& loser) {
    const Candidate& winner = *choice.winner;
    if (!on_target(situation, loser)) {
        loser.rule = rule::on_target;
        loser.reason = describe_target(situation, loser);
        return;
    }
    loser.rule = choice.rule;
    if (choice.rule == rule::pinned)
        loser.reason = fmt::format("would do, but {} is pinned", winner.name);
    else if (choice.rule == rule::int8_quality || choice.rule == rule::int8_throughput)
        loser.reason = fmt::format("would do, but the rule for INT8 takes {} first", winner.name);
    else if (loser.nominal_bits < std::floor(winner.nominal_bits))
        loser.reason = fmt::format("is narrower than need be: {} will do", winner.name);
    else if (choice.rule == rule::default_4_bit && loser.nominal_bits >= 5)
        loser.reason = fmt::format("is wider than the default of 4 bits, and {} will do", winner.name);
    else if (!(loser.kl_estimate > 0))
        loser.reason = fmt::format("would do, but {} is faster", winner.name);
    else
        loser.reason = fmt::format("would do, but its estimated KL is {:.4f} against {:.4f} of {}", loser.kl_estimate,
                                   winner.kl_estimate, winner.name);
}

bool any_eligible(const std::vector<Candidate>& candidates) {
    return std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.eligible; });
}

}  // namespace

Outcome rule_out(const Situation& situation, std::vector<Candidate> candidates) {
    for (Candidate& candidate : candidates) {
        candidate.eligible = true;
        candidate.chosen = false;
        judge(candidate, rule::target, wrong_target(situation, candidate));
        judge(candidate, rule::reference, is_reference(situation, candidate));
        judge(candidate, rule::sub_4_bit, locked_below_4_bits(situation, candidate));
        judge(candidate, rule::memory, does_not_fit(situation, candidate));
    }
    const Candidate* pinned = find(candidates, situation.pinned);
    if (pinned && !pinned->eligible) {
        Refusal refusal = refuse_pinned(*pinned);
        return refuse(std::move(candidates), std::move(refusal));
    }
    if (!any_eligible(candidates)) {
        Refusal refusal = refuse_nothing_left(situation, candidates);
        return refuse(std::move(candidates), std::move(refusal));
    }
    Outcome outcome;
    outcome.candidates = std::move(candidates);
    return outcome;
}

Outcome decide(const Situation& situation, std::vector<Candidate> candidates) {
    Outcome outcome = rule_out(situation, std::move(candidates));
    if (outcome.refused()) return outcome;
    return decide_tried(situation, std::move(outcome.candidates));
}

Outcome decide_tried(const Situation& situation, std::vector<Candidate> candidates) {
    for (Candidate& candidate : candidates) {
        judge(candidate, rule::untried, not_tried(candidate));
        judge(candidate, rule::slower, slower_than_original(situation, candidate));
    }
    if (Candidate* pinned = find(candidates, situation.pinned)) {
        if (!pinned->eligible) {
            Refusal refusal = refuse_pinned(*pinned);
            return refuse(std::move(candidates), std::move(refusal));
        }
        const Choice choice = choose_pinned(situation, *pinned);
        const auto explain = [&](Candidate& loser) { explain_loss(situation, choice, loser); };
        return conclude(std::move(candidates), choice, explain);
    }
    if (!any_eligible(candidates)) {
        Refusal refusal = refuse_nothing_left(situation, candidates);
        return refuse(std::move(candidates), std::move(refusal));
    }
    const Choice choice = choose_by_rules(situation, candidates);
    const auto explain = [&](Candidate& loser) { explain_loss(situation, choice, loser); };
    if (choice.winner) return conclude(std::move(candidates), choice, explain);
    Refusal refusal = refuse_off_target(situation, *fastest_left(candidates));
    return refuse(std::move(candidates), std::move(refusal));
}

}  // namespace scale::choice

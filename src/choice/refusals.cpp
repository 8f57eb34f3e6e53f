#include "choice/refusals.h"

#include <algorithm>

#include <fmt/format.h>

#include "choice/exclusions.h"
#include "core/text.h"

namespace scale::choice {

namespace {

// The locked type below 4 bits that would fit with the lowest estimated KL.
const record::Candidate* locked_but_fitting(const Situation& situation,
                                            const std::vector<record::Candidate>& candidates) {
    const record::Candidate* best = nullptr;
    for (const record::Candidate& candidate : candidates)
        if (candidate.rule == rule::sub_4_bit && !does_not_fit(situation, candidate) &&
            (!best || candidate.kl_estimate < best->kl_estimate))
            best = &candidate;
    return best;
}

const record::Candidate* smallest_excluded_by(const std::vector<record::Candidate>& candidates, const char* rule_name) {
    const record::Candidate* smallest = nullptr;
    for (const record::Candidate& candidate : candidates)
        if (candidate.rule == rule_name && (!smallest || candidate.memory.total() < smallest->memory.total()))
            smallest = &candidate;
    return smallest;
}

}  // namespace

Refusal refuse_pinned(const record::Candidate& pinned) {
    std::string next = "unpin it, or pin another type";
    if (pinned.rule == rule::sub_4_bit)
        next = "scale choose --qat-plan writes the plan; accept it, scale lock --declare, then again";
    if (pinned.rule == rule::memory) next += ", or allow more memory_mib in scale.toml and run scale set";
    return {fmt::format("{} is pinned, but it {}", pinned.name, pinned.reason),
            fmt::format("a type that the rule '{}' lets through", pinned.rule), next};
}

Refusal refuse_nothing_left(const Situation& situation, const std::vector<record::Candidate>& candidates) {
    if (const record::Candidate* slower = smallest_excluded_by(candidates, rule::slower)) {
        const record::Candidate* fastest = slower;
        for (const record::Candidate& candidate : candidates)
            if (candidate.rule == rule::slower && candidate.speedup.median > fastest->speedup.median)
                fastest = &candidate;
        const char* where = situation.target == "vllm" ? "at the servers given" : "on this machine";
        return {fmt::format("no type that is left runs faster than the original {}: the fastest, {}, {}", where,
                            fastest->name, fastest->reason),
                "kernels that relieve a " + situation.constraint.kind + " constraint",
                "keep the original here, try a machine with stronger integer kernels, or state a memory constraint"};
    }
    const record::Candidate* too_large = smallest_excluded_by(candidates, rule::memory);
    if (!too_large) {
        const bool elsewhere =
            std::none_of(candidates.begin(), candidates.end(), [&](const record::Candidate& candidate) {
                return candidate.target == situation.target && candidate.trialled;
            });
        return {elsewhere ? fmt::format("no type for {} can be measured on this machine", situation.target)
                          : std::string("no candidate is left"),
                "a deployment target whose kernels run here", "set target = \"llama.cpp\" in [deploy] of scale.toml"};
    }
    const std::string found =
        fmt::format("no type of 4 bits or more fits: the smallest, {}, {}", too_large->name, too_large->reason);
    const record::Candidate* locked = locked_but_fitting(situation, candidates);
    if (!locked)
        return {found, "a model that fits", "allow more memory_mib, or lower context or concurrency; then scale set"};
    return {fmt::format("{}; {} would fit with {}, but {}", found, locked->name,
                        core::human_bytes(locked->memory.total()), locked->reason),
            missing_for_sub_4_bit(situation),
            "scale choose --qat-plan writes the plan; accept it, scale lock --declare, then again; or allow more "
            "memory_mib and run scale set"};
}

Refusal refuse_off_target(const Situation& situation, const record::Candidate& fastest) {
    return {fmt::format("no type that is left meets the target: the fastest, {}, {}, {:.2f} times short at {}",
                        fastest.name, describe_target(situation, fastest), target_load(situation, fastest),
                        speed_phrase(fastest)),
            "a type on target",
            fmt::format("scale choose --because \"…\" accepts {} as the best there is; or restate the target and run "
                        "scale set",
                        fastest.name)};
}

}  // namespace scale::choice

#include "choice/server/server_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/conclude.h"
#include "choice/exclusions.h"
#include "choice/refusals.h"
#include "choice/server/kernels.h"
#include "core/text.h"

namespace scale::choice {

namespace {

using record::Candidate;

bool has_memory_target(const Situation& situation) {
    return situation.constraint.target.is_object() && situation.constraint.target.value("memory_mib", 0.0) > 0;
}

Exclusion unwritten(const Candidate& candidate) {
    if (!candidate_type(candidate.name).checkpoint.empty()) return std::nullopt;
    return "is not written by this program yet";
}

Exclusion without_kernel(const Candidate& candidate, const std::string& hardware) {
    const KernelFact fact = kernel_fact(candidate.name, hardware);
    if (fact.kernel != Kernel::none) return std::nullopt;
    return fmt::format("does not run on {} (documented): {}", hardware, fact.text);
}

Candidate* first_between(std::vector<Candidate>& candidates, double low, double high) {
    for (Candidate& candidate : candidates)
        if (candidate.eligible && candidate.nominal_bits >= low && candidate.nominal_bits < high) return &candidate;
    return nullptr;
}

bool bound_by_compute(const Situation& situation, const std::string& hardware) {
    if (situation.constraint.kind != "throughput" && situation.constraint.kind != "cost") return false;
    return is_cpu(hardware) || situation.constraint.workload.concurrency >= compute_bound_from(hardware);
}

std::string load_of(const Situation& situation, const std::string& hardware) {
    if (is_cpu(hardware)) return "a CPU is bound by compute";
    return fmt::format(
        "{} sequences at once are bound by compute on {} (estimated: from {} on), where 4-bit weights with "
        "16-bit products gain nothing (vLLM issue 21266)",
        situation.constraint.workload.concurrency, hardware, compute_bound_from(hardware));
}

Choice pick(const Situation& situation, const std::string& hardware, std::vector<Candidate>& candidates) {
    const auto kernels = [&](const Candidate& candidate) {
        return fmt::format("{} on {} (documented)", kernel_fact(candidate.name, hardware).text, hardware);
    };
    Candidate* int8 = find(candidates, "W8A8-INT8");
    if (int8 && int8->eligible && situation.quality == "paramount")
        return {int8, rule::int8_quality, fmt::format("quality is paramount, so INT8: {}", kernels(*int8))};
    if (int8 && int8->eligible && bound_by_compute(situation, hardware) &&
        kernel_fact(int8->name, hardware).kernel == Kernel::runs)
        return {int8, rule::int8_throughput,
                fmt::format("the bottleneck is {}, and {}; integers relieve it: {}", situation.constraint.kind,
                            load_of(situation, hardware), kernels(*int8))};
    if (Candidate* narrow = first_between(candidates, 4, 5))
        return {
            narrow, rule::default_4_bit,
            fmt::format("4 bits is the default, and of the 4-bit formats most readers take it: {}", kernels(*narrow))};
    if (Candidate* wide = first_between(candidates, 5, 17))
        return {wide, rule::wider, fmt::format("no 4-bit format will do: {}", kernels(*wide))};
    return {};
}

void judge_format(const Situation& situation, Candidate& candidate) {
    candidate.eligible = true;
    candidate.chosen = false;
    judge(candidate, rule::target, wrong_target(situation, candidate));
    judge(candidate, rule::not_written, candidate.eligible ? unwritten(candidate) : std::nullopt);
}

// Without a stated target the server's own memory counts, which is not known here.
void judge_memory(const Situation& situation, Candidate& candidate) {
    if (has_memory_target(situation)) judge(candidate, rule::memory, does_not_fit(situation, candidate));
}

}  // namespace

Outcome decide_for_server(const Situation& situation, const std::string& hardware, std::vector<Candidate> candidates) {
    for (Candidate& candidate : candidates) {
        judge_format(situation, candidate);
        judge(candidate, rule::kernel, without_kernel(candidate, hardware));
        judge_memory(situation, candidate);
    }
    Choice choice;
    if (Candidate* pinned = find(candidates, situation.pinned)) {
        if (!pinned->eligible) {
            Refusal refusal = refuse_pinned(*pinned);
            return refuse(std::move(candidates), std::move(refusal));
        }
        choice = {pinned, rule::pinned,
                  fmt::format("pinned by a person: {} on {} (documented)", kernel_fact(pinned->name, hardware).text,
                              hardware)};
    } else {
        choice = pick(situation, hardware, candidates);
    }
    if (!choice.winner)
        return refuse(std::move(candidates),
                      {fmt::format("no format that can be written runs on {} and fits", hardware),
                       "kernels (documented) and memory for one of them",
                       "allow more memory_mib and run scale set, or set target = \"llama.cpp\" in [deploy]"});
    return conclude(std::move(candidates), choice, [&](Candidate& loser) {
        loser.rule = choice.rule;
        loser.reason = fmt::format("would do: {}; but {} comes first by this rule",
                                   kernel_fact(loser.name, hardware).text, choice.winner->name);
    });
}

Outcome decide_at_servers(const Situation& situation, std::vector<Candidate> candidates) {
    for (Candidate& candidate : candidates) {
        judge_format(situation, candidate);
        judge_memory(situation, candidate);
    }
    return decide_tried(situation, std::move(candidates));
}

}  // namespace scale::choice

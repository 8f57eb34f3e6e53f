#include "choice/qat/facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/exclusions.h"
#include "core/error.h"
#include "core/text.h"

namespace scale::choice {

namespace {

using Candidates = std::vector<record::Candidate>;

bool is_below_4_bits(const record::Candidate& candidate) {
    return candidate.target == "llama.cpp" && candidate.nominal_bits < 4;
}

const record::Candidate* best_that_fits(const Situation& situation, const Candidates& candidates) {
    const record::Candidate* best = nullptr;
    for (const record::Candidate& candidate : candidates)
        if (is_below_4_bits(candidate) && !does_not_fit(situation, candidate) &&
            (!best || candidate.kl_estimate < best->kl_estimate))
            best = &candidate;
    return best;
}

record::Candidate smallest_of_4_bits(const Candidates& candidates) {
    record::Candidate smallest;
    for (const record::Candidate& candidate : candidates)
        if (candidate.target == "llama.cpp" && candidate.nominal_bits >= 4 && candidate.bytes > 0 &&
            (smallest.bytes == 0 || candidate.bytes < smallest.bytes))
            smallest = candidate;
    return smallest;
}

void pick(QatFacts& facts, const Candidates& candidates, const std::string& pinned) {
    const Situation& situation = facts.gathered.situation;
    if (pinned.empty()) {
        const record::Candidate* best = best_that_fits(situation, candidates);
        if (!best)
            throw core::refused("no type below 4 bits fits " + core::human_bytes(facts.memory_limit) + " either",
                                "a model that fits",
                                "allow more memory_mib, or lower context or concurrency; then scale set");
        facts.candidate = *best;
        facts.because = "the lowest estimated KL of the types below 4 bits that fit the memory";
        return;
    }
    const std::string name(candidate_type(pinned).name);
    facts.candidate = *std::find_if(candidates.begin(), candidates.end(),
                                    [&](const record::Candidate& candidate) { return candidate.name == name; });
    if (!is_below_4_bits(facts.candidate))
        throw core::refused(name + " needs no QAT plan", "a llama.cpp type below 4 bits",
                            "scale choose --type " + name + " --because \"…\"");
    facts.because = "pinned by a person";
}

const record::GateCheck* check_named(const record::Verdict& verdict, const char* endpoint) {
    const auto found = std::find_if(verdict.checks.begin(), verdict.checks.end(),
                                    [&](const record::GateCheck& check) { return check.endpoint == endpoint; });
    return found == verdict.checks.end() ? nullptr : &*found;
}

std::string type_of_artefact(const record::Lineage& lineage, const std::string& sha256) {
    for (const record::Entry& entry : lineage.entries)
        if (entry.kind == record::kind::artefact && entry.payload.value("sha256", "") == sha256)
            return entry.payload.value("type", "");
    return {};
}

// The newest verdict on an artefact of the type, or else the prior's estimate.
Untrained without_training(const record::Lineage& lineage, const record::Candidate& candidate) {
    Untrained result{false, candidate.name,     "", candidate.kl_estimate, candidate.kl_low, candidate.kl_high, 0,
                     0,     candidate.kl_source};
    for (const record::Entry& entry : lineage.entries) {
        if (entry.kind != record::kind::verdict) continue;
        const auto verdict = entry.payload.get<record::Verdict>();
        const record::GateCheck* kl = check_named(verdict, "kl_mean");
        if (!kl || type_of_artefact(lineage, verdict.artefact_sha256) != candidate.name) continue;
        const record::GateCheck* top1 = check_named(verdict, "top1_agreement");
        result = {true,
                  candidate.name,
                  verdict.verdict,
                  kl->candidate,
                  kl->candidate,
                  kl->upper,
                  top1 ? top1->candidate : 0,
                  kl->n,
                  fmt::format("measured (gate of entry {})", entry.seq)};
    }
    return result;
}

}  // namespace

QatFacts gather_qat_facts(const record::Pass& pass, const std::string& pinned) {
    QatFacts facts;
    facts.gathered = gather(pass);
    const Situation& situation = facts.gathered.situation;
    facts.memory_limit = memory_limit(situation);
    facts.budget_declared = situation.budget.has_value();
    facts.budget = situation.budget.value_or(pass.file().budget);
    const Candidates candidates = list_candidates(pass, facts.gathered);
    pick(facts, candidates, pinned.empty() ? pass.file().choice.type : pinned);
    facts.narrowest_unlocked = smallest_of_4_bits(candidates);
    facts.untrained = without_training(pass.lineage(), facts.candidate);
    facts.tensors = plan_tensors(facts.gathered.model, facts.candidate.name, pass.work_folder() / "choice.plan.log");
    return facts;
}

}  // namespace scale::choice

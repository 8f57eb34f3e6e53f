#include "choice/gather.h"

#include <algorithm>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/quality_prior.h"
#include "choice/trial_jobs.h"
#include "core/error.h"
#include "model/gguf.h"

namespace scale::choice {

namespace {

namespace fs = std::filesystem;

Situation describe_situation(const record::Pass& pass, const record::Lineage& lineage,
                             const record::Constraint& constraint, const hardware::Machine& machine) {
    const record::PassFile& file = pass.file();
    Situation situation;
    situation.constraint = constraint;
    situation.target = file.deploy.target;
    situation.quality = file.choice.quality;
    situation.machine_memory = machine.memory_total;
    situation.points = file.budget.points;
    if (const record::Entry* declared = lineage.current(record::kind::budget)) {
        situation.budget = declared->payload.get<record::Budget>();
        situation.points = situation.budget->points;
    }
    return situation;
}

void require_same_model(const fs::path& model, const record::Constraint& constraint) {
    std::error_code problem;
    const std::uint64_t bytes = fs::file_size(model, problem);
    if (!problem && bytes == constraint.model_bytes) return;
    throw core::refused(problem ? fmt::format("the original, {}, is missing", model.string())
                                : fmt::format("{} has {} bytes, and {} when the constraint was set", model.string(),
                                              bytes, constraint.model_bytes),
                        "the original that stage S measured", "scale set");
}

// The engine holds a tied embedding twice, once as the head. What stage S found beyond the tensors of the original is
// that copy, and shrinks as the embedding does.
std::uint64_t weights_in_memory(const PlannedSize& plan, const Original& original, std::uint64_t original_weights) {
    if (original_weights <= original.tensor_bytes || original.embedding_bytes == 0) return plan.tensor_bytes;
    const auto beyond = static_cast<double>(original_weights - original.tensor_bytes);
    const double shrunk = static_cast<double>(plan.embedding_bytes) / static_cast<double>(original.embedding_bytes);
    return plan.tensor_bytes + static_cast<std::uint64_t>(beyond * shrunk);
}

void size_candidate(const PlannedSize& plan, const CandidateType& type, const record::Constraint& constraint,
                    const Original& original, record::Candidate& candidate) {
    candidate.bits_per_weight = plan.bits_per_weight;
    candidate.bytes = plan.file_bytes;
    candidate.fallback_tensors = plan.fallback_tensors;
    candidate.memory = constraint.memory;
    candidate.memory.weights = weights_in_memory(plan, original, constraint.memory.weights);
    const KlEstimate kl = estimate_kl(type, plan.bits_per_weight, original.parameters);
    candidate.kl_estimate = kl.value;
    candidate.kl_low = kl.low;
    candidate.kl_high = kl.high;
    candidate.kl_source = kl.source;
}

}  // namespace

Gathered gather(const record::Pass& pass) {
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::constraint);
    const record::Entry& basis = *lineage.current(record::kind::constraint);
    Gathered facts;
    facts.basis = basis.hash;
    facts.machine = hardware::probe();
    facts.situation = describe_situation(pass, lineage, basis.payload.get<record::Constraint>(), facts.machine);
    facts.model = fs::absolute(pass.original());
    require_same_model(facts.model, facts.situation.constraint);
    const model::GgufFile file(facts.model);
    facts.summary = model::summarise(file);
    const model::TensorInfo* embedding = file.tensor("token_embd.weight");
    facts.original = {facts.summary.parameters, facts.summary.tensor_bytes, embedding ? embedding->bytes : 0};
    return facts;
}

std::vector<record::Candidate> list_candidates(const record::Pass& pass, const Gathered& facts) {
    std::vector<std::string> mixes;
    for (const CandidateType& type : candidate_types())
        if (type.target == "llama.cpp") mixes.emplace_back(type.name);
    const auto plans = plan_sizes(facts.model, mixes, pass.work_folder() / "choice.plan.log");
    std::vector<record::Candidate> candidates;
    for (const CandidateType& type : candidate_types()) {
        record::Candidate& candidate = candidates.emplace_back(unsized_candidate(type));
        const auto plan = std::find_if(plans.begin(), plans.end(),
                                       [&](const PlannedSize& planned) { return planned.mix == type.name; });
        if (plan != plans.end()) size_candidate(*plan, type, facts.situation.constraint, facts.original, candidate);
    }
    return candidates;
}

}  // namespace scale::choice

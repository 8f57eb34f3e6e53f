#include "choice/choose.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/qat_plan.h"
#include "choice/quality_prior.h"
#include "choice/rules.h"
#include "choice/table.h"
#include "choice/trial.h"
#include "choice/trial_jobs.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "hardware/probe.h"
#include "model/gguf.h"
#include "model/summary.h"

namespace scale::choice {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t longest_plan = 4 << 20;  // bytes

// The pin and its reason, from the command line or else from scale.toml.
void take_pin(const ChooseOptions& options, const record::ChoiceSection& stated, Situation& situation) {
    situation.because = options.because;
    situation.pinned = options.type;
    if (situation.pinned.empty() && !stated.type.empty()) {
        situation.pinned = stated.type;
        if (situation.because.empty()) situation.because = stated.type_reason;
    }
    if (situation.pinned.empty()) return;
    situation.pinned = candidate_type(situation.pinned).name;
    if (situation.because.empty())
        throw core::usage_error(fmt::format("{} is pinned without a reason", situation.pinned),
                                "a reason that the record can keep",
                                fmt::format("scale choose --type {} --because \"…\"", situation.pinned));
}

std::string read_plan(const record::Pass& pass, const ChooseOptions& options, Situation& situation) {
    const std::string& stated = pass.file().choice.qat_plan;
    if (options.qat_plan.empty() && stated.empty()) return {};
    const fs::path path = options.qat_plan.empty() ? pass.resolve(stated) : fs::path(options.qat_plan);
    const std::string text = core::read_file(path, longest_plan);
    situation.qat_plan = parse_qat_plan(text);
    return text;
}

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

// Facts of the original that the candidates' figures follow from.
struct Original {
    std::uint64_t parameters = 0;
    std::uint64_t tensor_bytes = 0;
    std::uint64_t embedding_bytes = 0;
};

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

// All candidates with their true sizes, memory and estimated quality.
std::vector<record::Candidate> list_candidates(const record::Pass& pass, const fs::path& model,
                                               const record::Constraint& constraint, const Original& original) {
    std::vector<std::string> mixes;
    for (const CandidateType& type : candidate_types())
        if (type.target == "llama.cpp") mixes.emplace_back(type.name);
    const auto plans = plan_sizes(model, mixes, pass.work_folder() / "choice.plan.log");
    std::vector<record::Candidate> candidates;
    for (const CandidateType& type : candidate_types()) {
        record::Candidate& candidate = candidates.emplace_back();
        candidate.name = type.name;
        candidate.target = type.target;
        candidate.nominal_bits = type.nominal_bits;
        candidate.speed_source = type.documented;
        const auto plan = std::find_if(plans.begin(), plans.end(),
                                       [&](const PlannedSize& planned) { return planned.mix == type.name; });
        if (plan != plans.end()) size_candidate(*plan, type, constraint, original, candidate);
    }
    return candidates;
}

TrialRequest trial_request(const record::Pass& pass, const fs::path& model, const model::ModelSummary& summary,
                           const record::Constraint& constraint, const hardware::Machine& machine) {
    TrialRequest request;
    request.original = model;
    request.original_sha256 = constraint.fingerprint.model_sha256;
    request.original_mix = summary.main_type;
    request.original_bytes = summary.file_bytes;
    request.layers = summary.layers;
    request.work_folder = pass.work_folder();
    request.available_memory = machine.memory_available;
    request.threads = constraint.speed.threads;
    request.rounds = pass.file().choice.trial_rounds;
    return request;
}

void stop_on_refusal(const Outcome& outcome) {
    if (!outcome.refused()) return;
    core::say(candidate_table(outcome.candidates));
    throw core::refused(outcome.refusal.found, outcome.refusal.expected, outcome.refusal.next);
}

// GPU formats cannot be tried here, so they are not eligible for a trial either.
void keep_measurable(std::vector<record::Candidate>& candidates) {
    for (record::Candidate& candidate : candidates)
        if (candidate.bytes == 0) candidate.eligible = false;
}

void finish(const Outcome& outcome, const Situation& situation, const std::string& plan, record::Pass& pass,
            record::Decision& decision) {
    decision.type = outcome.type;
    decision.format = "GGUF";
    decision.rule = outcome.rule;
    decision.reason = outcome.reason;
    const bool person_decided = outcome.rule == rule::pinned || outcome.rule == rule::fastest;
    decision.because = person_decided ? situation.because : std::string();
    decision.candidates = outcome.candidates;
    if (!plan.empty()) decision.qat_plan_sha256 = pass.objects().put(plan);
}

}  // namespace

record::Decision choose_type(record::Pass& pass, const ChooseOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale choose");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::constraint);
    const record::Entry& basis = *lineage.current(record::kind::constraint);
    const auto constraint = basis.payload.get<record::Constraint>();
    const hardware::Machine machine = hardware::probe();
    Situation situation = describe_situation(pass, lineage, constraint, machine);
    take_pin(options, pass.file().choice, situation);
    const std::string plan = read_plan(pass, options, situation);
    const fs::path model = fs::absolute(pass.resolve(pass.file().model.path));
    require_same_model(model, constraint);
    const model::GgufFile file(model);
    const model::ModelSummary summary = model::summarise(file);
    const model::TensorInfo* embedding = file.tensor("token_embd.weight");
    const Original original{summary.parameters, summary.tensor_bytes, embedding ? embedding->bytes : 0};

    record::Decision decision;
    Outcome outcome = rule_out(situation, list_candidates(pass, model, constraint, original));
    stop_on_refusal(outcome);
    decision.candidates = std::move(outcome.candidates);
    keep_measurable(decision.candidates);
    try_candidates(trial_request(pass, model, summary, constraint, machine), constraint, decision);
    outcome = decide(situation, decision.candidates);
    stop_on_refusal(outcome);

    finish(outcome, situation, plan, pass, decision);
    pass.store().append({record::Stage::choice, record::kind::decision, {basis.hash}, decision});
    remove_stand_ins(pass.work_folder());
    return decision;
}

}  // namespace scale::choice

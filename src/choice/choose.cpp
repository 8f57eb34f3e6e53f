#include "choice/choose.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/endpoint/server_trial.h"
#include "choice/gather.h"
#include "choice/qat/plan.h"
#include "choice/rules.h"
#include "choice/server/server_rules.h"
#include "choice/server/sizes.h"
#include "choice/table.h"
#include "choice/trial.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"

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

TrialRequest trial_request(const record::Pass& pass, const Gathered& facts) {
    TrialRequest request;
    request.original = facts.model;
    request.original_sha256 = facts.situation.constraint.fingerprint.model_sha256;
    request.original_mix = facts.summary.main_type;
    request.original_bytes = facts.summary.file_bytes;
    request.layers = facts.summary.layers;
    request.work_folder = pass.work_folder();
    request.available_memory = facts.machine.memory_available;
    request.threads = facts.situation.constraint.speed.threads;
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
    const std::string_view checkpoint = candidate_type(outcome.type).checkpoint;
    decision.format = checkpoint.empty() ? "GGUF" : std::string(checkpoint);
    decision.rule = outcome.rule;
    decision.reason = outcome.reason;
    const bool person_decided = outcome.rule == rule::pinned || outcome.rule == rule::fastest;
    decision.because = person_decided ? situation.because : std::string();
    decision.candidates = outcome.candidates;
    if (!plan.empty()) decision.qat_plan_sha256 = pass.objects().put(plan);
}

// Without servers no kernel of theirs can be tried: documents decide, and the decision says so.
record::DecisionAtServers choose_for_server(record::Pass& pass, const Gathered& facts, const EndpointOptions& servers,
                                            const record::WorkLock& lock) {
    const Situation& situation = facts.situation;
    if (situation.constraint.source_sha256.empty())
        throw core::refused("the original is a GGUF file, and the deployment is vllm",
                            "a Hugging Face folder, from which a checkpoint for a GPU server can be made",
                            "set path in [model] to the folder, then scale set");
    record::DecisionAtServers made;
    record::Decision& decision = made.decision;
    decision.candidates = list_server_candidates(facts);
    Outcome outcome;
    if (servers.endpoints.empty()) {
        decision.trial = "none: kernels of the server as documented";
        outcome = decide_for_server(situation, pass.file().deploy.hardware, decision.candidates);
    } else {
        try_at_servers({facts.model, situation.constraint.workload, pass.file().choice.trial_rounds,
                        pass.work_folder() / "choice.prompts.log"},
                       connect_servers(servers), made);
        outcome = decide_at_servers(situation, decision.candidates);
    }
    stop_on_refusal(outcome);
    finish(outcome, situation, {}, pass, decision);
    decision.took = lock.took();
    pass.store().append({record::Stage::choice, record::kind::decision, {facts.basis}, made});
    return made;
}

}  // namespace

record::DecisionAtServers choose_type(record::Pass& pass, const ChooseOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale choose");
    Gathered facts = gather(pass);
    Situation& situation = facts.situation;
    take_pin(options, pass.file().choice, situation);
    if (situation.target == "vllm") return choose_for_server(pass, facts, options.servers, lock);
    if (!options.servers.endpoints.empty())
        throw core::usage_error("--endpoint for a deployment on " + situation.target,
                                "target = \"vllm\" in [deploy] of scale.toml; llama.cpp is tried on this machine",
                                "scale choose");
    const std::string plan = read_plan(pass, options, situation);

    record::Decision decision;
    Outcome outcome = rule_out(situation, list_candidates(pass, facts));
    stop_on_refusal(outcome);
    decision.candidates = std::move(outcome.candidates);
    keep_measurable(decision.candidates);
    try_candidates(trial_request(pass, facts), situation.constraint, decision);
    outcome = decide(situation, decision.candidates);
    stop_on_refusal(outcome);

    finish(outcome, situation, plan, pass, decision);
    decision.took = lock.took();
    pass.store().append({record::Stage::choice, record::kind::decision, {facts.basis}, decision});
    remove_stand_ins(pass.work_folder());
    return {decision, {}};
}

}  // namespace scale::choice

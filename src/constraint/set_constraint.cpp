#include "constraint/set_constraint.h"

#include <filesystem>

#include <fmt/format.h>

#include "constraint/fingerprint_check.h"
#include "constraint/import_original.h"
#include "constraint/judgement.h"
#include "constraint/measure_job.h"
#include "constraint/sentence.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/model.h"
#include "hardware/probe.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "record/reopened.h"

namespace scale::constraint {

namespace {

namespace fs = std::filesystem;

// Refuses in seconds what the measurement would find out after minutes.
void check_statement(const record::PassFile& file) {
    if (file.model.stakes == "low" && file.model.stakes_reason.empty())
        throw core::input_error("stakes = \"low\" in [model] has no reason", "stakes_reason with one sentence",
                                "set stakes_reason in scale.toml");
    require_targets(file.constraint);
}

std::string hash_model(const fs::path& model, std::uint64_t bytes) {
    core::Progress progress("hashing the original");
    return core::sha256_file(
        model, [&](std::uint64_t done) { progress.update(static_cast<double>(done), static_cast<double>(bytes)); });
}

void check_context(const model::ModelSummary& summary, const record::Workload& workload) {
    if (summary.context == 0 || static_cast<std::uint64_t>(workload.context) <= summary.context) return;
    throw core::input_error(
        fmt::format("context in [deploy] is {}, but the model was trained on {}", workload.context, summary.context),
        "a context that the model can hold", fmt::format("set context = {} in scale.toml", summary.context));
}

core::Json stated_target(const record::ConstraintSection& stated) {
    return {{"kind", stated.kind},
            {"memory_mib", stated.memory_mib},
            {"requests_per_minute", stated.requests_per_minute},
            {"price_per_hour", stated.price_per_hour},
            {"price_per_million_tokens", stated.price_per_million_tokens}};
}

Measurement measure_original(const record::Pass& pass, const fs::path& model, const hardware::Machine& machine) {
    const record::PassFile& file = pass.file();
    MeasureRequest request;
    request.model = fs::absolute(model).string();
    request.workload = file.constraint.workload;
    request.threads = file.deploy.threads > 0 ? file.deploy.threads : machine.cores;
    request.rounds = file.choice.trial_rounds;
    core::Progress progress("measuring the original");
    return measure(request, pass.work_folder() / "constraint.measure.log", &progress);
}

}  // namespace

record::Constraint set_constraint(record::Pass& pass, const std::string& because) {
    const record::WorkLock lock(pass.folder(), "scale set");
    const record::PassFile& file = pass.file();
    check_statement(file);
    const Original original = import_original(pass.folder(), file.model.path);
    for (const std::string& note : original.notes) core::say("note: " + note);
    const fs::path& model = original.file;
    const model::ModelSummary summary = model::summarise(model::GgufFile(model));
    check_context(summary, file.constraint.workload);
    const hardware::Machine machine = hardware::probe();

    record::Constraint constraint;
    constraint.model_path = file.model.path;
    constraint.source_sha256 = original.source_sha256;
    constraint.model_bytes = summary.file_bytes;
    constraint.model_modified = modified_at(model);
    constraint.fingerprint = {hash_model(model, summary.file_bytes), summary.tokenizer_sha256, summary.template_sha256,
                              hardware::fingerprint(machine),        engine::engine_version(), traffic_digest(pass)};
    const Measurement measured = measure_original(pass, model, machine);
    const Judgement judgement = judge_constraint(file.constraint, measured, because);

    constraint.kind = judgement.binding.kind;
    constraint.hardware = hardware::describe(machine);
    constraint.sentence = constraint_sentence(judgement, measured, file.constraint.workload, constraint.hardware);
    constraint.target = stated_target(file.constraint);
    constraint.workload = file.constraint.workload;
    constraint.memory = measured.memory;
    constraint.speed = measured.speed;
    constraint.price_per_million_tokens =
        price_per_million_tokens(file.constraint.price_per_hour, file.constraint.workload, measured.speed.rate.median);
    constraint.because = judgement.overridden ? because : std::string();
    constraint.stakes = file.model.stakes;
    constraint.stakes_reason = file.model.stakes == "low" ? file.model.stakes_reason : std::string();
    constraint.took = lock.took();
    const std::vector<record::Entry> entries = pass.store().read();
    const record::Entry* reopened = record::reopening_of(entries);  // what it answers to
    pass.store().append({record::Stage::constraint, record::kind::constraint,
                         reopened ? std::vector<std::string>{reopened->hash} : std::vector<std::string>{}, constraint});
    return constraint;
}

}  // namespace scale::constraint

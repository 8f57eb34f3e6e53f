#include "choice/trial_jobs.h"

#include "choice/pairing.h"
#include "core/error.h"
#include "engine/rounds.h"
#include "engine/speed.h"
#include "engine/stock_quantize.h"

namespace scale::choice {

namespace fs = std::filesystem;

std::vector<PlannedSize> plan_sizes(const fs::path& original, const std::vector<std::string>& mixes,
                                    const fs::path& log) {
    const core::Json request = {{"original", original.string()}, {"mixes", mixes}};
    const core::Json result = engine::run_job(plan_job_name, request, log);
    return core::required<std::vector<PlannedSize>>(result, "plans", plan_job_name);
}

std::vector<PlannedTensor> plan_tensors(const fs::path& original, const std::string& mix, const fs::path& log) {
    const core::Json request = {{"original", original.string()}, {"mix", mix}};
    const core::Json result = engine::run_job(plan_tensors_job_name, request, log);
    return core::required<std::vector<PlannedTensor>>(result, "tensors", plan_tensors_job_name);
}

void write_stand_in(const StandIn& request, const fs::path& log, core::Progress* progress) {
    engine::run_job(stand_in_job_name, request, log, progress);
}

std::vector<TrialResult> run_trial(const TrialGroup& group, const fs::path& log, core::Progress* progress) {
    const core::Json result = engine::run_job(trial_job_name, group, log, progress, engine::ThreadWaits::as_deployed);
    auto results = core::required<std::vector<TrialResult>>(result, "results", trial_job_name);
    if (results.size() != group.models.size()) throw core::worker_error("the kernel trial lost a model");
    return results;
}

core::Json plan_job(const core::Json& request, engine::JobContext&) {
    const auto original = core::required<std::string>(request, "original", plan_job_name);
    std::vector<PlannedSize> plans;
    for (const auto& mix : core::required<std::vector<std::string>>(request, "mixes", plan_job_name)) {
        const engine::QuantizePlan plan = engine::plan_quantization(original, mix);
        PlannedSize& planned = plans.emplace_back();
        planned.mix = mix;
        planned.tensor_bytes = plan.tensor_bytes;
        planned.file_bytes = plan.file_bytes;
        planned.bits_per_weight = plan.bits_per_weight;
        planned.fallback_tensors = plan.fallback_tensors;
        for (const engine::TensorPlan& tensor : plan.tensors)
            if (tensor.name == "token_embd.weight") planned.embedding_bytes = tensor.bytes;
    }
    return {{"plans", plans}};
}

core::Json plan_tensors_job(const core::Json& request, engine::JobContext&) {
    const engine::QuantizePlan plan =
        engine::plan_quantization(core::required<std::string>(request, "original", plan_tensors_job_name),
                                  core::required<std::string>(request, "mix", plan_tensors_job_name));
    std::vector<PlannedTensor> tensors;
    for (const engine::TensorPlan& tensor : plan.tensors)
        tensors.push_back({tensor.name, tensor.type, tensor.bytes, tensor.fallback});
    return {{"tensors", tensors}};
}

core::Json stand_in_job(const core::Json& request, engine::JobContext&) {
    const auto wanted = request.get<StandIn>();
    engine::QuantizeOptions options;
    options.mix = wanted.mix;
    options.threads = wanted.threads;
    options.keep_layers = wanted.keep_layers;
    const std::string partial = wanted.target + ".partial";
    engine::quantize(wanted.original, partial, options);
    fs::rename(partial, wanted.target);
    return core::Json::object();
}

core::Json trial_job(const core::Json& request, engine::JobContext& context) {
    const auto group = request.get<TrialGroup>();
    engine::SpeedRequest wanted;
    wanted.models.assign(group.models.begin(), group.models.end());
    wanted.workload = group.workload;
    wanted.threads = group.threads;
    wanted.rounds = group.rounds;
    const auto measured = engine::measure_speed(
        wanted, [&](double done, double total, const std::string& note) { context.progress(done, total, note); });
    std::vector<TrialResult> results;
    for (const engine::SpeedResult& result : measured) {
        results.push_back(
            {result.speed, paired_speedup(measured.front().seconds_per_request, result.seconds_per_request)});
        results.back().speed.rate = engine::request_rate(result);
    }
    return {{"results", results}};
}

}  // namespace scale::choice

#include "quantize/allocation/allocate_job.h"

#include "core/file.h"
#include "quantize/allocation/allocate.h"
#include "quantize/allocation/allocation_journal.h"

namespace scale::quantize {

core::Json allocate_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to quantize.allocate";
    const auto text = [&](const char* key) { return core::required<std::string>(request, key, source); };
    AllocationRequest order;
    order.original = text("original");
    order.model_sha256 = text("model_sha256");
    order.mix = text("mix");
    order.budget_bytes = core::required<std::uint64_t>(request, "budget_bytes", source);
    order.allowed_types = core::required<std::set<std::string>>(request, "allowed", source);
    order.work_folder = text("work_folder");
    order.journal = text("journal");
    order.fingerprint = text("fingerprint");
    order.threads = core::required<int>(request, "threads", source);
    const auto set = model::parse_token_set(core::read_file(text("set")), "the calibration set");
    const AllocationOutcome outcome = allocate_types(
        order, set, [&](double done, double total, const std::string& note) { context.progress(done, total, note); });
    return {{"plan", core::parse_json(to_text(outcome.plan), "the plan")},
            {"resumed_at", outcome.resumed_at},
            {"stock_kl", outcome.stock_kl},
            {"mix_bytes", outcome.mix_bytes},
            {"probes", outcome.probes},
            {"swaps_tried", outcome.swaps_tried},
            {"swaps_accepted", outcome.swaps_accepted}};
}

core::Json plan_job(const core::Json& request, engine::JobContext&) {
    const std::string source = "the request to quantize.plan";
    const auto plan = engine::plan_quantization(
        core::required<std::string>(request, "original", source), core::required<std::string>(request, "mix", source),
        {.types = core::required<engine::TensorTypes>(request, "types", source)});
    engine::TensorTypes types;
    for (const engine::TensorPlan& tensor : plan.tensors) types[tensor.name] = tensor.type;
    return {{"file_bytes", plan.file_bytes},
            {"tensor_bytes", plan.tensor_bytes},
            {"bits_per_weight", plan.bits_per_weight},
            {"types", types}};
}

}  // namespace scale::quantize

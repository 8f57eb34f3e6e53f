#include "quantize/allocation/allocate.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "quantize/allocation/search.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

AllocationOutcome AllocationSearch::outcome() const {
    AllocationOutcome outcome;
    AllocationPlan& plan = outcome.plan;
    plan.model_sha256 = request_.model_sha256;
    plan.mix = request_.mix;
    plan.types = types_of(chosen_);
    plan.budget_bytes = budget();
    const engine::QuantizePlan exact =
        engine::plan_quantization(request_.original, request_.mix, {.types = plan.types});
    for (const engine::TensorPlan& tensor : exact.tensors)
        if (const auto wanted = plan.types.find(tensor.name);
            wanted != plan.types.end() && wanted->second != tensor.type)
            throw core::worker_error(fmt::format("the engine gives {} the type {}", tensor.name, tensor.type),
                                     wanted->second + ", as planned", "allocation = \"stock\" in scale.toml");
    if (exact.file_bytes > budget())
        throw core::worker_error(fmt::format("the plan takes {} bytes", exact.file_bytes),
                                 fmt::format("at most {}", budget()), "allocation = \"stock\" in scale.toml");
    plan.file_bytes = exact.file_bytes;
    plan.bits_per_weight = exact.bits_per_weight;
    Chosen stock;
    for (const FreeTensor& tensor : admissible_.tensors) stock.push_back(tensor.stock);
    outcome.additive_kl = sum_of_costs(chosen_);
    outcome.additive_kl_stock = sum_of_costs(stock);
    outcome.mix_bytes = stock_.file_bytes;
    outcome.resumed_at = resumed_at_;
    outcome.probes = probes_;
    outcome.swaps_tried = swaps_tried_;
    outcome.swaps_accepted = swaps_accepted_;
    plan.kl = outcome.additive_kl;
    plan.kl_source = fmt::format("estimated (errors of our rounding times sensitivities from {} probes of {} tokens)",
                                 probes_, model::count_tokens(texts_.probes));
    if (!chosen_divergence_.empty()) {
        plan.kl = mean_of(chosen_divergence_);
        plan.kl_source = fmt::format(
            "estimated (the plan with the search's quicker rounding, on {} calibration samples that made no "
            "statistics)",
            chosen_divergence_.size());
    }
    outcome.stock_kl = stock_kl_.value_or(plan.kl * outcome.additive_kl_stock / std::max(outcome.additive_kl, 1e-30));
    plan.notes = fmt::format(
        "{} types by exact knapsack over bytes, sensitivities from {}{} whole-model "
        "probes; {} exchanges measured, {} accepted",
        plan.types.size(), row_costs_.empty() ? "" : "output gradients and ", probes_, swaps_tried_, swaps_accepted_);
    return outcome;
}

AllocationOutcome allocate_types(const AllocationRequest& request, const std::vector<model::TokenSequence>& calibration,
                                 const AllocationProgress& progress) {
    openblas_set_num_threads(1);  // tasks are split over threads instead, so that sums do not depend on their number
    AllocationSearch search(request, calibration, progress);
    search.measure_gradients();
    search.measure_errors();
    search.measure_sensitivities();
    search.choose();
    search.improve_by_swaps();
    return search.outcome();
}

}  // namespace scale::quantize

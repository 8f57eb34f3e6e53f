#include "quantize/allocation/plan.h"

#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "model/tensor_type.h"

namespace scale::quantize {

namespace {

constexpr int plan_format = 1;

core::Error unusable(const std::string& source, const std::string& found, const std::string& expected) {
    return core::input_error(source + " is no plan that can be used: " + found, expected,
                             "take a plan that scale quantize wrote, or plan anew without --plan");
}

void require_types(const AllocationPlan& plan, const std::string& source) {
    if (plan.types.empty()) throw unusable(source, "it names no tensor", "a type for at least one tensor");
    for (const auto& [tensor, type] : plan.types)
        if (!model::tensor_type(std::string_view(type)))
            throw unusable(source, tensor + " is to be '" + type + "', which is no tensor type", "one such as Q4_K");
}

}  // namespace

std::string to_text(const AllocationPlan& plan) {
    core::Json value = {{"format", plan_format},
                        {"model_sha256", plan.model_sha256},
                        {"mix", plan.mix},
                        {"types", plan.types},
                        {"file_bytes", plan.file_bytes},
                        {"bits_per_weight", plan.bits_per_weight},
                        {"budget_bytes", plan.budget_bytes},
                        {"allocation", plan.allocation},
                        {"notes", plan.notes}};
    if (!plan.kl_source.empty()) {
        value["kl"] = plan.kl;
        value["kl_source"] = plan.kl_source;
    }
    return core::canonical(value);
}

AllocationPlan parse_plan(std::string_view text, const std::string& source) {
    const core::Json value = core::parse_json(text, source);
    if (core::required<int>(value, "format", source) != plan_format)
        throw unusable(source, "it has another format", "format 1");
    AllocationPlan plan;
    plan.model_sha256 = core::required<std::string>(value, "model_sha256", source);
    plan.mix = core::required<std::string>(value, "mix", source);
    plan.types = core::required<engine::TensorTypes>(value, "types", source);
    plan.file_bytes = core::required<std::uint64_t>(value, "file_bytes", source);
    plan.bits_per_weight = core::required<double>(value, "bits_per_weight", source);
    plan.budget_bytes = core::required<std::uint64_t>(value, "budget_bytes", source);
    plan.allocation = core::required<std::string>(value, "allocation", source);
    plan.notes = core::required<std::string>(value, "notes", source);
    if (value.contains("kl_source")) {
        plan.kl = core::required<double>(value, "kl", source);
        plan.kl_source = core::required<std::string>(value, "kl_source", source);
    }
    require_types(plan, source);
    return plan;
}

std::string digest(const AllocationPlan& plan) {
    return core::sha256_hex(to_text(plan));
}

}  // namespace scale::quantize

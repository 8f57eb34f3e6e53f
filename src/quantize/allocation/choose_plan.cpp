#include "quantize/allocation/choose_plan.h"

#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/job.h"
#include "engine/model.h"

namespace scale::quantize {

namespace fs = std::filesystem;

namespace {

constexpr double kept_as_they_are = 8;  // bits that a mix promises
constexpr std::uint64_t longest_plan = 64 << 20;
constexpr const char* journal_name = "allocation.jsonl";

struct Sized {
    FileSize size;
    engine::TensorTypes types;
};

Sized size_of(const PlanOrder& order, const std::string& mix, const engine::TensorTypes& types) {
    const core::Json result =
        engine::run_job("quantize.plan", {{"original", order.original.string()}, {"mix", mix}, {"types", types}},
                        order.work_folder / "plan.log");
    const std::string source = "quantize.plan";
    Sized sized;
    sized.size.file_bytes = core::required<std::uint64_t>(result, "file_bytes", source);
    sized.size.tensor_bytes = core::required<std::uint64_t>(result, "tensor_bytes", source);
    sized.size.bits_per_weight = core::required<double>(result, "bits_per_weight", source);
    sized.types = core::required<engine::TensorTypes>(result, "types", source);
    return sized;
}

AllocationPlan read_plan(const PlanOrder& order) {
    AllocationPlan plan = parse_plan(core::read_file(order.wish.plan_file, longest_plan), order.wish.plan_file);
    if (plan.model_sha256 != order.original_sha256)
        throw core::input_error(
            fmt::format("{} is for the model {}…", order.wish.plan_file, plan.model_sha256.substr(0, 12)),
            fmt::format("a plan for this pass's original, {}…", order.original_sha256.substr(0, 12)),
            "scale quantize without --plan plans for it");
    return plan;
}

void require_as_planned(const AllocationPlan& plan, const Sized& engine_says) {
    for (const auto& [tensor, type] : plan.types) {
        const auto found = engine_says.types.find(tensor);
        if (found == engine_says.types.end())
            throw core::input_error("the plan names the tensor " + tensor + ", which the model has not");
        if (found->second != type)
            throw core::input_error(
                fmt::format("the plan wants {} for {}; the engine would write {}", type, tensor, found->second),
                "a type that the engine gives such a tensor and whose blocks its rows divide into");
    }
    if (engine_says.size.file_bytes != plan.file_bytes)
        throw core::input_error(
            fmt::format("the plan states {} bytes; its types take {}", plan.file_bytes, engine_says.size.file_bytes),
            "the exact bytes", "correct file_bytes, or plan anew");
}

AllocationPlan plan_of_mix(const PlanOrder& order, const std::string& mix, const Sized& sized) {
    AllocationPlan plan;
    plan.model_sha256 = order.original_sha256;
    plan.mix = mix;
    plan.types = sized.types;
    plan.file_bytes = plan.budget_bytes = sized.size.file_bytes;
    plan.bits_per_weight = sized.size.bits_per_weight;
    plan.allocation = "stock";
    plan.notes = "the types of llama.cpp's " + mix;
    return plan;
}

// Under a rate or price, types whose speed was not tried might cost what the decision gained.
std::set<std::string> allowed_types(const PlanOrder& order, const Sized& decided) {
    std::set<std::string> types;
    if (order.constraint.kind == "memory" || order.constraint.kind.empty()) return types;
    for (const auto& [tensor, type] : decided.types) types.insert(type);
    return types;
}

core::Json search(const PlanOrder& order, const Budget& budget, const std::string& mix, const Sized& decided) {
    const std::string fingerprint = core::sha256_hex(core::canonical(
        {{"model", order.original_sha256}, {"set", order.set_sha256}, {"engine", engine::engine_version()}}));
    core::Progress progress("choosing types");
    core::Json result = engine::run_job("quantize.allocate",
                                        {{"original", order.original.string()},
                                         {"model_sha256", order.original_sha256},
                                         {"set", order.set_file.string()},
                                         {"mix", mix},
                                         {"budget_bytes", budget.bytes},
                                         {"allowed", allowed_types(order, decided)},
                                         {"work_folder", order.work_folder.string()},
                                         {"journal", (order.work_folder / journal_name).string()},
                                         {"fingerprint", fingerprint},
                                         {"threads", order.threads}},
                                        order.work_folder / "allocate.log", &progress);
    if (const auto at = result.at("resumed_at").get<std::uint64_t>(); at > 0)
        core::say(fmt::format("Took {} figures of an interrupted search for types.", at));
    return result;
}

// The cache and buffers are those of the original at the same workload; weights lie in memory as in the file.
record::Memory memory_of(const PlanOrder& order, const Sized& decided, std::uint64_t file_bytes) {
    record::Memory memory = order.constraint.memory;
    memory.weights = file_bytes - (decided.size.file_bytes - decided.size.tensor_bytes);
    return memory;
}

bool keeps_mix(const PlanOrder& order, const std::string& mix) {
    const bool size_wished = order.wish.size_mib > 0 || order.wish.bits_per_weight > 0 || order.wish.memory_mib > 0;
    if (order.allocation == "stock" && size_wished)
        throw core::usage_error("a size can only be met by searching types, and allocation = \"stock\" is stated",
                                "a mix by --type, or allocation = \"searched\" in [calibration] of scale.toml");
    return order.allocation == "stock" || (!size_wished && bits_promised(mix) >= kept_as_they_are);
}

}  // namespace

bool searches(const PlanOrder& order) {
    return order.wish.plan_file.empty() &&
           !keeps_mix(order, order.wish.type.empty() ? order.decision.type : order.wish.type);
}

void remove_allocation_journal(const fs::path& work_folder) {
    std::error_code ignored;
    fs::remove(work_folder / journal_name, ignored);
}

ChosenPlan choose_plan(const PlanOrder& order) {
    const SizeWish& wish = order.wish;
    const std::string mix = wish.type.empty() ? order.decision.type : wish.type;
    const bool search_wanted = searches(order);
    const Sized decided = size_of(order, order.decision.type, {});
    Sized wished = wish.type.empty() ? decided : size_of(order, wish.type, {});
    ChosenPlan chosen;
    if (!wish.plan_file.empty()) {
        chosen.plan = read_plan(order);
        wished = size_of(order, chosen.plan.mix, chosen.plan.types);
        require_as_planned(chosen.plan, wished);
    }
    const Budget budget = budget_of(wish, order.decision, decided.size, wished.size, order.constraint);
    require_allowed(budget, wish, order.decision, decided.size, order.constraint);
    chosen.allocation = !wish.plan_file.empty() ? "pinned" : search_wanted ? "searched" : "stock";
    if (search_wanted) {
        const core::Json found = search(order, budget, mix, decided);
        chosen.plan = parse_plan(core::canonical(found.at("plan")), "the plan found");
        chosen.stock_kl = found.at("stock_kl").get<double>();
    } else if (wish.plan_file.empty()) {
        chosen.plan = plan_of_mix(order, mix, wished);
    }
    chosen.text = to_text(chosen.plan);
    chosen.sha256 = core::sha256_hex(chosen.text);
    chosen.budget = budget.label;
    const bool named_by_mix = wish.plan_file.empty() && budget.label == mix;
    const bool plan_as_decided = !wish.plan_file.empty() && chosen.plan.mix == order.decision.type &&
                                 chosen.plan.budget_bytes == decided.size.file_bytes;
    chosen.type = named_by_mix || plan_as_decided ? mix : fmt::format("{:.2f}bpw", chosen.plan.bits_per_weight);
    chosen.stock_bytes = decided.size.file_bytes;
    chosen.memory = memory_of(order, decided, chosen.plan.file_bytes);
    return chosen;
}

}  // namespace scale::quantize

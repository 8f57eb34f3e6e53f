#include "constraint/sentence.h"

#include <fmt/format.h>

#include "core/text.h"

namespace scale::constraint {

namespace {

std::string measured_over(const std::string& low, const std::string& high, int rounds) {
    return fmt::format("measured, {}–{} over {} round{}", low, high, rounds, rounds == 1 ? "" : "s");
}

std::string found_phrase(const TargetCheck& check, const Measurement& measured) {
    const record::Measured& found = check.found;
    if (check.kind == "throughput")
        return fmt::format(
            "serves {:.1f} requests/min ({})", found.median,
            measured_over(fmt::format("{:.1f}", found.low), fmt::format("{:.1f}", found.high), found.rounds));
    if (check.kind == "cost")
        return fmt::format(
            "costs {:.4g} per million tokens ({})", found.median,
            measured_over(fmt::format("{:.4g}", found.low), fmt::format("{:.4g}", found.high), found.rounds));
    const record::Memory& memory = measured.memory;
    return fmt::format(
        "needs {:.1f} MiB (estimated by the engine's allocation plan: weights {}, KV cache {}, compute {})",
        found.median, core::human_bytes(memory.weights), core::human_bytes(memory.kv_cache),
        core::human_bytes(memory.compute));
}

std::string needed_phrase(const TargetCheck& check) {
    if (check.kind == "memory") return fmt::format("{:.1f} MiB are available", check.needed);
    if (check.kind == "throughput") return fmt::format("{:.1f} are needed", check.needed);
    return fmt::format("{:.4g} is the target", check.needed);
}

std::string comparison(const Judgement& judgement) {
    const TargetCheck& binding = judgement.binding;
    if (judgement.overridden) return "which it meets, so that this constraint stands by a stated reason alone";
    if (!binding.violated()) return "which its median meets but its slowest round misses";
    if (binding.kind == "memory") return fmt::format("{:.2f} times what there is", binding.load);
    if (binding.kind == "throughput") return fmt::format("{:.2f} times as many", binding.load);
    return fmt::format("{:.2f} times that", binding.load);
}

}  // namespace

std::string describe_found(const TargetCheck& check, const Measurement& measured) {
    return fmt::format("it {} where {}", found_phrase(check, measured), needed_phrase(check));
}

std::string describe_workload(const record::Workload& workload) {
    return fmt::format("{} prompt and {} completion tokens, {} request{} at once, context {}", workload.prompt_tokens,
                       workload.completion_tokens, workload.concurrency, workload.concurrency == 1 ? "" : "s",
                       workload.context);
}

std::string constraint_sentence(const Judgement& judgement, const Measurement& measured,
                                const record::Workload& workload, const std::string& machine) {
    const TargetCheck& binding = judgement.binding;
    return fmt::format("This pass is {}-bound: on {}, for {}, the original {} where {}, {}.", binding.kind, machine,
                       describe_workload(workload), found_phrase(binding, measured), needed_phrase(binding),
                       comparison(judgement));
}

}  // namespace scale::constraint

#include "choice/exclusions.h"

#include <fmt/format.h>

#include "choice/candidates.h"
#include "core/text.h"

namespace scale::choice {

namespace {

bool speed_matters(const Situation& situation) {
    return situation.constraint.kind == "throughput" || situation.constraint.kind == "cost";
}

double stated(const Situation& situation, const char* key) {
    return situation.constraint.target.is_object() ? situation.constraint.target.value(key, 0.0) : 0.0;
}

// The machine's price is the same for both, so the price of a token falls as the rate rises.
double price_of(const Situation& situation, const record::Candidate& candidate) {
    const record::Constraint& constraint = situation.constraint;
    return constraint.price_per_million_tokens * constraint.speed.rate.median / candidate.speed.rate.median;
}

// "measured" or "estimated", the first word of the source.
std::string speed_label(const record::Candidate& candidate) {
    return candidate.speed_source.substr(0, candidate.speed_source.find(' '));
}

}  // namespace

Exclusion wrong_target(const Situation& situation, const record::Candidate& candidate) {
    if (candidate.target == situation.target) return std::nullopt;
    return fmt::format("belongs to {}, and the deployment is {}", candidate.target, situation.target);
}

Exclusion is_reference(const Situation& situation, const record::Candidate& candidate) {
    const double share = 0.95;  // a 16-bit file of nearly the original's size: the original is 16 bits wide itself
    const bool same_size =
        static_cast<double>(candidate.bytes) >= share * static_cast<double>(situation.constraint.model_bytes);
    if (candidate.nominal_bits < 16 || !same_size) return std::nullopt;
    return "is as wide as the original, which relieves nothing";
}

std::string missing_for_sub_4_bit(const Situation& situation) {
    std::string missing;
    if (!situation.budget) missing = "a declared quality budget";
    if (!situation.qat_plan)
        missing += missing.empty() ? "an accepted QAT plan" : " and an accepted QAT plan";
    else if (!situation.qat_plan->accepted())
        missing += fmt::format("{}a complete QAT plan ({})", missing.empty() ? "" : " and ",
                               describe_gaps(*situation.qat_plan));
    return missing;
}

bool sub_4_bit_unlocked(const Situation& situation) {
    return missing_for_sub_4_bit(situation).empty();
}

Exclusion locked_below_4_bits(const Situation& situation, const record::Candidate& candidate) {
    if (candidate.nominal_bits >= 4 || sub_4_bit_unlocked(situation)) return std::nullopt;
    return fmt::format("promises fewer than 4 bits, which needs {}", missing_for_sub_4_bit(situation));
}

std::uint64_t memory_limit(const Situation& situation) {
    const double mib = stated(situation, "memory_mib");
    return mib > 0 ? static_cast<std::uint64_t>(mib * 1024 * 1024) : situation.machine_memory;
}

Exclusion does_not_fit(const Situation& situation, const record::Candidate& candidate) {
    if (candidate.memory.total() <= memory_limit(situation)) return std::nullopt;
    return fmt::format("needs {} for the workload (estimated), and {} {}", core::human_bytes(candidate.memory.total()),
                       core::human_bytes(memory_limit(situation)),
                       stated(situation, "memory_mib") > 0 ? "are allowed" : "is all the machine has");
}

Exclusion not_tried(const record::Candidate& candidate) {
    if (candidate.trialled) return std::nullopt;
    if (candidate.target == "vllm")
        return fmt::format("was not measured: no --endpoint names a server for it; {}", candidate.speed_source);
    return fmt::format("was not measured here{}", candidate.speed_source.empty() ? "" : ": " + candidate.speed_source);
}

Exclusion slower_than_original(const Situation& situation, const record::Candidate& candidate) {
    if (!speed_matters(situation) || candidate.speedup.median >= 1) return std::nullopt;
    return fmt::format("is slower than the original: {:.2f} times its speed (measured, {:.2f}–{:.2f} over {} rounds)",
                       candidate.speedup.median, candidate.speedup.low, candidate.speedup.high,
                       candidate.speedup.rounds);
}

double target_load(const Situation& situation, const record::Candidate& candidate) {
    if (!speed_matters(situation)) return 0;
    if (!(candidate.speed.rate.median > 0)) return 1e9;
    if (situation.constraint.kind == "throughput")
        return stated(situation, "requests_per_minute") / candidate.speed.rate.median;
    return price_of(situation, candidate) / stated(situation, "price_per_million_tokens");
}

std::string describe_target(const Situation& situation, const record::Candidate& candidate) {
    if (situation.constraint.kind == "throughput")
        return fmt::format("serves {:.1f} requests/min ({}) where {:.1f} are needed", candidate.speed.rate.median,
                           speed_label(candidate), stated(situation, "requests_per_minute"));
    return fmt::format("costs {:.4g} per million tokens ({}) where {:.4g} is the target",
                       price_of(situation, candidate), speed_label(candidate),
                       stated(situation, "price_per_million_tokens"));
}

std::string speed_phrase(const record::Candidate& candidate) {
    return fmt::format("{:.2f} times the original's speed (measured, {:.2f}–{:.2f} over {} rounds)",
                       candidate.speedup.median, candidate.speedup.low, candidate.speedup.high,
                       candidate.speedup.rounds);
}

}  // namespace scale::choice

#include "quantize/allocation/budget.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace scale::quantize {

namespace {

constexpr double mib = 1024.0 * 1024.0;
constexpr double as_decided = 0.95;  // of the decision's bytes; less is another size
constexpr double four_bits = 4;

const record::Candidate* chosen_candidate(const record::Decision& decision) {
    const auto found = std::find_if(decision.candidates.begin(), decision.candidates.end(),
                                    [&](const record::Candidate& c) { return c.name == decision.type; });
    return found == decision.candidates.end() ? nullptr : &*found;
}

double decided_bits(const record::Decision& decision) {
    const record::Candidate* chosen = chosen_candidate(decision);
    return chosen && chosen->nominal_bits > 0 ? chosen->nominal_bits : bits_promised(decision.type);
}

std::uint64_t beside_weights(const record::Memory& memory) {
    return memory.kv_cache + memory.compute;
}

void require_sub_4_bit_unlocked(const Budget& budget, const SizeWish& wish, const record::Decision& decision,
                                double bits) {
    if (decided_bits(decision) < four_bits || !decision.qat_plan_sha256.empty()) return;
    const bool narrow_name = !wish.type.empty() && bits_promised(wish.type) > 0 && bits_promised(wish.type) < four_bits;
    if (bits >= four_bits && !narrow_name) return;
    throw core::refused(
        fmt::format("{} is {:.2f} bits per weight; the decision is {}", budget.label, bits, decision.type),
        "4 bits or more, or a decision made with an accepted QAT plan",
        "scale choose --qat-plan FILE --type … --because \"…\", or a larger size");
}

void require_memory(const Budget& budget, const FileSize& decided, const record::Constraint& constraint) {
    const double allowed = constraint.target.is_object() ? constraint.target.value("memory_mib", 0.0) : 0.0;
    const std::uint64_t weights = budget.bytes - std::min(budget.bytes, decided.file_bytes - decided.tensor_bytes);
    const double needed = static_cast<double>(weights + beside_weights(constraint.memory)) / mib;
    if (!(allowed > 0) || needed <= allowed) return;
    throw core::refused(
        fmt::format("{} needs {:.1f} MiB with the workload's KV cache and buffers (estimated)", budget.label, needed),
        fmt::format("at most {:.1f} MiB, the memory target of the constraint", allowed),
        "a smaller size, or state the real memory_mib in scale.toml and run scale set");
}

void require_positive(double value, const char* option) {
    if (value < 0) throw core::usage_error(fmt::format("{} {}", option, value), "a number above 0");
}

}  // namespace

double FileSize::bits_of(std::uint64_t other_file_bytes) const {
    const std::uint64_t metadata = file_bytes - tensor_bytes;
    const auto other = static_cast<double>(other_file_bytes - std::min(other_file_bytes, metadata));
    return tensor_bytes == 0 ? 0 : bits_per_weight * other / static_cast<double>(tensor_bytes);
}

double bits_promised(const std::string& mix) {
    const auto digit = std::find_if(mix.begin(), mix.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    double bits = 0;
    for (auto at = digit; at != mix.end() && std::isdigit(static_cast<unsigned char>(*at)) != 0; ++at)
        bits = 10 * bits + (*at - '0');
    return bits;
}

std::string budget_label(const SizeWish& wish, const record::Decision& decision) {
    if (wish.size_mib > 0) return fmt::format("{} MiB", wish.size_mib);
    if (wish.bits_per_weight > 0) return fmt::format("{} bits per weight", wish.bits_per_weight);
    if (wish.memory_mib > 0) return fmt::format("{} MiB of memory", wish.memory_mib);
    if (!wish.plan_file.empty()) return "a plan";
    return wish.type.empty() ? decision.type : wish.type;
}

Budget budget_of(const SizeWish& wish, const record::Decision& decision, const FileSize& decided,
                 const FileSize& wished, const record::Constraint& constraint) {
    require_positive(wish.size_mib, "--size-mib");
    require_positive(wish.bits_per_weight, "--bpw");
    require_positive(wish.memory_mib, "--memory-mib");
    Budget budget{budget_label(wish, decision), wished.file_bytes};
    const std::uint64_t metadata = decided.file_bytes - decided.tensor_bytes;
    if (wish.size_mib > 0) budget.bytes = static_cast<std::uint64_t>(wish.size_mib * mib);
    if (wish.bits_per_weight > 0)
        budget.bytes = metadata + static_cast<std::uint64_t>(static_cast<double>(decided.tensor_bytes) *
                                                             wish.bits_per_weight / decided.bits_per_weight);
    if (wish.memory_mib > 0) {
        const auto allowed = static_cast<std::uint64_t>(wish.memory_mib * mib);
        const std::uint64_t beside = beside_weights(constraint.memory);
        if (allowed <= beside)
            throw core::input_error(
                fmt::format("KV cache and compute buffers of the workload alone need {}", core::human_bytes(beside)),
                fmt::format("less than {} MiB", wish.memory_mib),
                "a shorter context, fewer requests at once or a narrower kv_type in scale.toml");
        budget.bytes = metadata + allowed - beside;
    }
    return budget;
}

void require_allowed(const Budget& budget, const SizeWish& wish, const record::Decision& decision,
                     const FileSize& decided, const record::Constraint& constraint) {
    if (!wish.any()) return;
    require_sub_4_bit_unlocked(budget, wish, decision, decided.bits_of(budget.bytes));
    require_memory(budget, decided, constraint);
    const bool other_mix = !wish.type.empty() && core::to_lower(wish.type) != core::to_lower(decision.type);
    const bool other_size = budget.bytes > decided.file_bytes ||
                            static_cast<double>(budget.bytes) < as_decided * static_cast<double>(decided.file_bytes);
    if ((!other_mix && !other_size) || !wish.because.empty()) return;
    throw core::refused(fmt::format("{} is {} bytes; the decision is {}, {} bytes", budget.label, budget.bytes,
                                    decision.type, decided.file_bytes),
                        "the size that stage C decided, or a reason that the record can keep",
                        fmt::format("scale choose --type … --because \"…\", or add --because \"…\" here"));
}

}  // namespace scale::quantize

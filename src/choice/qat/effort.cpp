#include "choice/qat/effort.h"

#include <algorithm>
#include <cmath>

namespace scale::choice {

Effort plan_effort(std::uint64_t parameters, double nominal_bits, std::uint64_t trained_context) {
    const auto n = static_cast<double>(parameters);
    Effort effort;
    effort.tokens_per_parameter = nominal_bits >= 3 ? 2 : 6;
    const double wanted = std::clamp(effort.tokens_per_parameter * n, 1e8, 2e9);
    effort.length =
        static_cast<int>(std::clamp<std::uint64_t>(trained_context == 0 ? 2048 : trained_context, 128, 2048));
    effort.batch = std::max(1, 131072 / effort.length);
    const double step_tokens = static_cast<double>(effort.batch) * effort.length;
    effort.steps = static_cast<std::int64_t>(std::ceil(wanted / step_tokens));
    effort.tokens = static_cast<double>(effort.steps) * step_tokens;
    effort.learning_rate = nominal_bits >= 3 ? 1e-5 : 2e-5;
    effort.warm_up = std::max<std::int64_t>(10, effort.steps / 50);
    effort.flop = 8 * n * effort.tokens;
    effort.state_bytes = 18 * n;  // BF16 weights and gradients, F32 master copy and two moments, BF16 teacher
    return effort;
}

// Peaks: NVIDIA's data sheets of H100 SXM, A100 SXM and GeForce RTX 4090 (FP32 accumulation), without sparsity.
const std::vector<Accelerator>& accelerators() {
    static const std::vector<Accelerator> list{
        {"NVIDIA H100 SXM 80 GB", 989.4e12, 80e9, 2.5},
        {"NVIDIA A100 SXM 80 GB", 312e12, 80e9, 1.3},
        {"NVIDIA RTX 4090 24 GB", 165.2e12, 24e9, 0.4},
    };
    return list;
}

Cost cost_on(const Accelerator& accelerator, const Effort& effort) {
    constexpr double usable = 0.7;  // the rest is for activations
    Cost cost;
    cost.devices = std::max(1, static_cast<int>(std::ceil(effort.state_bytes / (usable * accelerator.memory_bytes))));
    cost.hours = effort.flop / (utilisation * accelerator.peak_flop * cost.devices) / 3600;
    cost.dollars = cost.hours * cost.devices * accelerator.price_per_hour;
    return cost;
}

double hours_at(double prefill, const Effort& effort) {
    return prefill > 0 ? 4 * effort.tokens / prefill / 3600 : 0;
}

}  // namespace scale::choice

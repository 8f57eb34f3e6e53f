#include "quantize/effort.h"

#include <algorithm>

namespace scale::quantize {

namespace {

// Arithmetic that is over in seconds on any machine.
constexpr double cheap_operations = 1.5e12;

// `wanted` tokens, or as many as are cheap where that is more, up to `most`.
std::uint64_t at_least_cheap(double wanted, double cheap, std::uint64_t most) {
    return std::min(most, static_cast<std::uint64_t>(std::max(wanted, cheap)));
}

}  // namespace

Effort effort_for(std::uint64_t parameters, std::uint64_t widest_input) {
    const double cheap = cheap_operations / (2 * std::max(static_cast<double>(parameters), 1.0));
    const auto width = static_cast<double>(widest_input);
    Effort effort;
    effort.refinement = at_least_cheap(8 * width, cheap, 32768);
    effort.search_inputs = at_least_cheap(std::max(4096.0, 2.5 * width), cheap, 8192);
    effort.search_gradients = at_least_cheap(2048, cheap / 3, 4096);
    effort.probe_budget = std::max(12288.0, cheap);
    return effort;
}

Effort effort_for(const model::GgufFile& model) {
    std::uint64_t widest = 0;
    for (const model::TensorInfo& tensor : model.tensors())
        if (tensor.shape.size() >= 2) widest = std::max(widest, tensor.shape[0]);
    return effort_for(model.parameters(), widest);
}

}  // namespace scale::quantize

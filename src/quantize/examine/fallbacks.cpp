#include "quantize/examine/fallbacks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace scale::quantize {

std::vector<std::string> notes_on(const engine::QuantizePlan& plan, const std::string& mix) {
    constexpr std::size_t named = 3;
    std::vector<std::string> first;
    std::size_t count = 0;
    for (const engine::TensorPlan& tensor : plan.tensors)
        if (tensor.fallback && count++ < named) first.push_back(fmt::format("{} ({})", tensor.name, tensor.type));
    if (count == 0) return {};
    return {
        fmt::format("{} of {} tensors fell back to wider types, since their rows are no multiple of the block of "
                    "{}'s own: {}{}",
                    count, plan.tensors.size(), mix, fmt::join(first, ", "), count > named ? ", …" : "")};
}

}  // namespace scale::quantize

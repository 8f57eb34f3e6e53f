#include "quantize/refine/notes.h"

#include <string_view>

#include <fmt/format.h>

namespace scale::quantize {

namespace {

struct Reason {
    const char* why;
    const char* sentence;  // after "n tensors, such as x, "
};

constexpr Reason reasons[] = {
    {outcome::stock_better, "kept stock rounding, which did better on held-out inputs"},
    {outcome::inputs_not_finite,
     "kept stock rounding: their inputs in the partly quantised model are not finite, which the quality gate will see"},
    {outcome::strayed, "kept stock rounding: error feedback strayed too far from the original weights"},
};

}  // namespace

std::vector<std::string> notes_on(const std::vector<RefineLine>& lines) {
    std::vector<std::string> notes;
    for (const Reason& reason : reasons) {
        std::size_t count = 0;
        std::string first;
        for (const RefineLine& line : lines)
            if (line.why == reason.why && count++ == 0) first = line.tensor;
        if (count > 0)
            notes.push_back(
                fmt::format("{} {}, such as {}, {}", count, count == 1 ? "tensor" : "tensors", first, reason.sentence));
    }
    std::size_t few = 0;
    const RefineLine* worst = nullptr;
    for (const RefineLine& line : lines) {
        if (line.tokens >= line.columns) continue;
        ++few;
        if (!worst || line.columns - line.tokens > worst->columns - worst->tokens) worst = &line;
    }
    if (worst)
        notes.push_back(fmt::format(
            "the whole moments of {} tensors are rank-deficient, {} worst ({} tokens for {} "
            "input channels); damping was chosen on held-out halves, and an expert's are drawn towards its layer's",
            few, worst->tensor, worst->tokens, worst->columns));
    return notes;
}

}  // namespace scale::quantize

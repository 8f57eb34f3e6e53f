#include "quantize/examine/inputs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::quantize {

namespace {

// How many layers something happened to, and the layer with most of it.
struct Tally {
    std::size_t layers = 0;
    std::size_t sum = 0;
    std::size_t most = 0;
    std::size_t of = 0;
    std::string where;
    void add(const std::string& layer, std::size_t count, std::size_t total) {
        if (count == 0) return;
        ++layers;
        sum += count;
        if (count <= most) return;
        most = count;
        of = total;
        where = layer;
    }
};

std::size_t columns_of(const engine::InputMoments& moments) {
    return moments.counts.empty() ? 0 : moments.sum_of_squares.size() / moments.counts.size();
}

// Columns that were zero for every token, over all experts that saw one.
std::size_t silent_columns(const engine::InputMoments& moments) {
    const std::size_t columns = columns_of(moments);
    std::size_t silent = 0;
    for (std::size_t e = 0; e < moments.counts.size(); ++e)
        if (moments.counts[e] > 0)
            silent += static_cast<std::size_t>(
                std::count(moments.sum_of_squares.begin() + static_cast<std::ptrdiff_t>(e * columns),
                           moments.sum_of_squares.begin() + static_cast<std::ptrdiff_t>((e + 1) * columns), 0.0));
    return silent;
}

}  // namespace

void require_finite(const engine::Statistics& statistics, const std::string& sample) {
    for (const auto& [layer, moments] : statistics)
        for (const double sum : moments.sum_of_squares)
            if (!std::isfinite(sum))
                throw core::input_error(
                    fmt::format("the original's inputs of {} are not finite on calibration sample {}", layer, sample),
                    "a model that computes finite numbers on its own traffic",
                    "check the original (a 16-bit overflow, or a damaged file); a text that breaks it breaks it in "
                    "production too");
}

std::vector<std::string> notes_on(const engine::Statistics& statistics) {
    Tally silent, unseen, few;
    for (const auto& [layer, moments] : statistics) {
        const std::size_t columns = columns_of(moments);
        silent.add(layer, silent_columns(moments), moments.sum_of_squares.size());
        unseen.add(layer, static_cast<std::size_t>(std::count(moments.counts.begin(), moments.counts.end(), 0u)),
                   moments.counts.size());
        const std::uint64_t fewest =
            moments.counts.empty() ? 0 : *std::max_element(moments.counts.begin(), moments.counts.end());
        few.add(layer, fewest < columns ? columns - fewest : 0, columns);
    }
    std::vector<std::string> notes;
    if (silent.layers > 0)
        notes.push_back(
            fmt::format("{} input channels of {} layers were silent on every calibration token, most in {} "
                        "({} of {}); their weights count as unimportant, not as free",
                        silent.sum, silent.layers, silent.where, silent.most, silent.of));
    if (unseen.layers > 0)
        notes.push_back(
            fmt::format("{} experts of {} layers were given no calibration token, most in {} ({} of {}); "
                        "they are rounded without statistics",
                        unseen.sum, unseen.layers, unseen.where, unseen.most, unseen.of));
    if (few.layers > 0)
        notes.push_back(
            fmt::format("{} layers saw fewer tokens than they have input channels, {} worst ({} tokens, {} "
                        "channels): their statistics are rank-deficient and are damped; a larger "
                        "calibration set would serve them better",
                        few.layers, few.where, few.of - few.most, few.of));
    return notes;
}

}  // namespace scale::quantize

#include "quality/regressions.h"

#include <algorithm>
#include <limits>

#include "quality/choice.h"
#include "quality/check/paired_items.h"

namespace scale::quality {
namespace {

constexpr std::size_t items_kept = 10;

double lead(const std::vector<double>& scores, int gold) {
    double other = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < scores.size(); ++i)
        if (static_cast<int>(i) != gold) other = std::max(other, scores[i]);
    return scores[gold] - other;
}

// Written answers that went from right to wrong; first those of which least is left.
core::Json lost_answers(const Measurements& measurements) {
    std::vector<const ItemResult*> lost;
    for (const ItemResult& item : measurements.items)
        if (item.written() && is_right(item, Arm::original) && !is_right(item, Arm::candidate)) lost.push_back(&item);
    std::stable_sort(lost.begin(), lost.end(), [](const auto* a, const auto* b) {
        return a->candidate_answer.score < b->candidate_answer.score;
    });
    lost.resize(std::min(lost.size(), items_kept));
    core::Json answers = core::Json::array();
    for (const ItemResult* item : lost)
        answers.push_back({{"id", item->id},
                           {"task", item->suite + "/" + item->task},
                           {"prompt", item->prompt},
                           {"original", item->original_answer.text},
                           {"candidate", item->candidate_answer.text},
                           {"problem", item->candidate_answer.problem}});
    return answers;
}

}  // namespace

core::Json worst_regressions(const Measurements& measurements) {
    std::vector<const ItemResult*> lost;
    for (const ItemResult& item : measurements.items)
        if (!item.written() && is_right(item, Arm::original) && !is_right(item, Arm::candidate)) lost.push_back(&item);
    const auto fall = [](const ItemResult* item) {
        return lead(item->original, item->gold) - lead(item->candidate, item->gold);
    };
    std::sort(lost.begin(), lost.end(), [&](const auto* a, const auto* b) { return fall(a) > fall(b); });
    lost.resize(std::min(lost.size(), items_kept));
    core::Json items = core::Json::array();
    for (const ItemResult* item : lost)
        items.push_back({{"id", item->id},
                         {"task", item->suite + "/" + item->task},
                         {"right", item->options[item->gold]},
                         {"chosen", item->options[chosen(item->candidate)]},
                         {"original_margin", lead(item->original, item->gold)},
                         {"candidate_margin", lead(item->candidate, item->gold)}});
    return {{"tokens", measurements.worst}, {"items", items}, {"answers", lost_answers(measurements)}};
}

}  // namespace scale::quality

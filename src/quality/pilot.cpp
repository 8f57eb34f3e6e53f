#include "quality/pilot.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/session.h"
#include "quality/statistics/design_effect.h"
#include "quality/written_answers.h"

namespace scale::quality {

SuiteScoring pilot_scoring(const engine::Model& original, int threads, const std::vector<Item>& items, double margin,
                           double alpha) {
    std::vector<const Item*> asked;
    for (const Item& item : items) asked.push_back(&item);
    const engine::SessionOptions options = writing_options(original, asked, threads);
    engine::Session session(original, options);
    const auto answers = write_answers(original, session, options.context, asked);
    SuiteScoring scoring;
    scoring.pilot_items = static_cast<int>(items.size());
    double chance = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        scoring.pilot_right += answers[i].right ? 1 : 0;
        chance += items[i].chance / static_cast<double>(items.size());
    }
    const double n = std::max(1.0, static_cast<double>(items.size()));
    scoring.pilot_lower = wilson_lower(scoring.pilot_right / n, n, alpha);
    const double needed = chance + 2 * margin;
    const bool capable = scoring.pilot_lower >= needed;
    scoring.mode = capable ? scoring::generation : scoring::likelihood;
    scoring.why = fmt::format(
        "pilot: the original wrote {} of {} right, at least {:.1f} %, {} the {:.1f} % of headroom", scoring.pilot_right,
        scoring.pilot_items, 100 * scoring.pilot_lower, capable ? "beyond" : "short of", 100 * needed);
    return scoring;
}

}  // namespace scale::quality

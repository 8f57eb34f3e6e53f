#include "quality/looks.h"

#include <algorithm>
#include <cmath>

#include "quality/statistics/spending.h"

namespace scale::quality {

int most_items(const record::Budget& budget) {
    if (budget.looks <= 1) return budget.items;
    return budget.items_cap > 0 ? budget.items_cap : 2 * budget.items;
}

std::vector<record::GateLook> plan_looks(const record::Budget& budget, bool compressed) {
    const int count = std::max(1, budget.looks);
    const double cap = most_items(budget);
    std::vector<record::GateLook> looks;
    std::vector<double> shares;
    for (int k = 0; k < count; ++k) {
        const double wanted = count == 1 ? cap : budget.items + (cap - budget.items) * k / (count - 1);
        record::GateLook look;
        look.look = k + 1;
        look.items = static_cast<int>(std::lround(wanted));
        look.fraction = look.items / cap;
        look.tokens =
            static_cast<std::uint64_t>(std::llround(static_cast<double>(budget.kl_tokens) * look.items / budget.items));
        if (compressed) look.items = std::max(fewest_items, look.items / 3);
        looks.push_back(look);
        shares.push_back(look.fraction);
    }
    const std::vector<double> levels = look_levels(shares, budget.alpha, budget.spending);
    for (int k = 0; k < count; ++k) {
        looks[k].level = levels[k];
        looks[k].spent = k + 1 == count ? budget.alpha : alpha_spent(shares[k], budget.alpha, budget.spending);
    }
    return looks;
}

}  // namespace scale::quality

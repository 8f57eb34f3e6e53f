#include "quantize/allocation/knapsack.h"

#include <algorithm>
#include <numeric>

namespace scale::quantize {

namespace {

struct Item {
    std::vector<std::uint64_t> extra;  // bytes above the smallest option
    std::vector<double> cost;
    std::vector<std::size_t> option;  // in the caller's numbering
};

// Options that another one beats in bytes and cost are left out.
Item useful_options(const std::vector<KnapsackOption>& options, std::uint64_t smallest) {
    std::vector<std::size_t> order(options.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(options[a].bytes, options[a].cost) < std::pair(options[b].bytes, options[b].cost);
    });
    Item item;
    for (const std::size_t i : order) {
        if (!item.cost.empty() && options[i].cost >= item.cost.back()) continue;
        item.extra.push_back(options[i].bytes - smallest);
        item.cost.push_back(options[i].cost);
        item.option.push_back(i);
    }
    return item;
}

std::uint64_t smallest_of(const std::vector<KnapsackOption>& options) {
    return std::min_element(options.begin(), options.end(),
                            [](const KnapsackOption& a, const KnapsackOption& b) { return a.bytes < b.bytes; })
        ->bytes;
}

std::uint64_t ceil_divided(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit;
}

struct Table {
    std::uint64_t unit = 1;
    std::size_t buckets = 1;
    bool exact = true;
};

Table plan_table(const std::vector<Item>& items, std::uint64_t slack, std::uint64_t memory_bytes) {
    std::uint64_t divisor = 0, all = 0;
    for (const Item& item : items) {
        for (const std::uint64_t extra : item.extra) divisor = std::gcd(divisor, extra);
        all += item.extra.back();
    }
    Table table;
    table.unit = std::max<std::uint64_t>(divisor, 1);
    const std::uint64_t range = std::min(slack, all);
    const std::uint64_t most = std::max<std::uint64_t>(2, memory_bytes / (items.size() + 2 * sizeof(double)));
    if (range / table.unit + 1 > most) {
        table.unit = ceil_divided(range, most - 1);
        table.exact = false;
    }
    table.buckets = static_cast<std::size_t>(range / table.unit + 1);
    return table;
}

// best[b]: the lowest cost of the items so far within b units. Returns the option taken of every item.
std::vector<std::size_t> fill_table(const std::vector<Item>& items, const Table& table) {
    std::vector<double> best(table.buckets, 0.0), next(table.buckets);
    std::vector<std::vector<std::uint8_t>> taken(items.size(), std::vector<std::uint8_t>(table.buckets));
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Item& item = items[i];
        for (std::size_t b = 0; b < table.buckets; ++b) next[b] = best[b] + item.cost[0];
        for (std::size_t o = 1; o < item.cost.size(); ++o) {
            const std::uint64_t units = ceil_divided(item.extra[o], table.unit);
            for (std::size_t b = units; b < table.buckets; ++b) {
                const double cost = best[b - units] + item.cost[o];
                if (cost >= next[b]) continue;
                next[b] = cost;
                taken[i][b] = static_cast<std::uint8_t>(o);
            }
        }
        best.swap(next);
    }
    std::vector<std::size_t> chosen(items.size());
    std::size_t at = table.buckets - 1;
    for (std::size_t i = items.size(); i-- > 0;) {
        chosen[i] = taken[i][at];
        at -= ceil_divided(items[i].extra[chosen[i]], table.unit);
    }
    return chosen;
}

}  // namespace

std::optional<KnapsackResult> solve_knapsack(std::span<const std::vector<KnapsackOption>> items, std::uint64_t budget,
                                             std::uint64_t memory_bytes) {
    KnapsackResult result;
    if (items.empty()) return result;
    std::vector<Item> useful;
    std::uint64_t least = 0;
    for (const auto& options : items) {
        const std::uint64_t smallest = smallest_of(options);
        least += smallest;
        useful.push_back(useful_options(options, smallest));
    }
    if (least > budget) return std::nullopt;
    const Table table = plan_table(useful, budget - least, memory_bytes);
    const std::vector<std::size_t> chosen = fill_table(useful, table);
    result.exact = table.exact;
    for (std::size_t i = 0; i < items.size(); ++i) {
        result.chosen.push_back(useful[i].option[chosen[i]]);
        result.bytes += items[i][result.chosen[i]].bytes;
        result.cost += items[i][result.chosen[i]].cost;
    }
    return result;
}

}  // namespace scale::quantize

#include "quality/suite/item.h"

namespace scale::quality {

std::vector<Item> all_items(const SuiteRequest& request, bool without_consistency) {
    std::vector<Item> items;
    for (const auto make : {reasoning_items, instruction_items, long_context_items, consistency_items}) {
        if (without_consistency && make == consistency_items) continue;
        const std::vector<Item> suite = make(request);
        items.insert(items.end(), suite.begin(), suite.end());
    }
    return items;
}

}  // namespace scale::quality

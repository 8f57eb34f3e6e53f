#include "record/reopened.h"

#include <algorithm>

#include "record/stage.h"
#include "record/store.h"

namespace scale::record {

const Entry* reopening_of(const std::vector<Entry>& entries) {
    const Entry* constraint = latest(entries, kind::constraint);
    const Entry* entry = latest(entries, kind::reopened);
    if (!constraint || !entry || entry->payload.value("parts", core::Json::array()).empty()) return nullptr;
    const auto& parents = entry->parents;
    return std::find(parents.begin(), parents.end(), constraint->hash) != parents.end() ? entry : nullptr;
}

std::vector<std::string> with_reopening(const std::vector<Entry>& entries, std::vector<std::string> changed) {
    const Entry* entry = reopening_of(entries);
    if (!entry) return changed;
    for (const std::string& part : entry->payload.get<Reopened>().parts)
        if (std::find(changed.begin(), changed.end(), part) == changed.end()) changed.push_back(part);
    return changed;
}

}  // namespace scale::record

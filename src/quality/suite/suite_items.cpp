#include <algorithm>
#include <map>

#include "core/error.h"
#include "quality/suite/item.h"

namespace scale::quality {

std::vector<Item> suite_items(const std::string& suite, const SuiteRequest& request) {
    static const std::map<std::string, std::vector<Item> (*)(const SuiteRequest&)> makers{
        {"reasoning", reasoning_items},
        {"instructions", instruction_items},
        {"long_context", long_context_items},
        {"consistency", consistency_items},
        {"json", json_items}};
    const auto maker = makers.find(suite);
    if (maker == makers.end()) throw core::input_error("'" + suite + "' is not a suite that can be generated");
    return maker->second(request);
}

void make_written(Item& item, const SuiteRequest& request, int answer_tokens, core::Json check, double chance) {
    item.mode = scoring::generation;
    item.chat = true;
    item.answer_tokens = std::min(answer_tokens, request.answer_tokens);
    item.check = std::move(check);
    item.chance = chance;
}

}  // namespace scale::quality

// One question of a task suite: a forced choice scored by likelihood.
//
// The model is asked nothing by generation: of the options, the one to which it gives the greatest summed log
// probability after the prompt is its answer. That works for models far too small to follow an instruction in their own
// words, costs a few tokens an item, and gives a continuous score besides (log probability of the right option among
// the options), which moves long before an answer flips.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quality {

struct Item {
    std::string id;     // "reasoning/17"; the same seed and number give the same item, however many are made
    std::string suite;  // "reasoning", "instructions", "long_context", "consistency"
    std::string task;   // the kind within the suite
    int cluster = 0;    // items of one cluster share a text; unique within the suite
    bool chat = false;  // the prompt is a user's message for the chat template; otherwise text to be continued
    std::string prompt;
    std::vector<std::string> options;  // distinct; for plain text they begin with the space that follows the prompt
    int gold = 0;                      // index of the right option
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Item, id, suite, task, cluster, chat, prompt, options, gold)

struct SuiteRequest {
    int items = 0;
    std::uint64_t seed = 1;
    int context = 1024;                                   // tokens of the longest prompt
    std::function<int(const std::string&)> count_tokens;  // only the long-context suite asks
};

// Each is deterministic in (seed, item number): asking for more items keeps the earlier ones.
std::vector<Item> reasoning_items(const SuiteRequest& request);
std::vector<Item> instruction_items(const SuiteRequest& request);
std::vector<Item> long_context_items(const SuiteRequest& request);
std::vector<Item> consistency_items(const SuiteRequest& request);  // pairs: items / 2 clusters of two variants

// All four in that order (`without_consistency` for a compressed gate).
std::vector<Item> all_items(const SuiteRequest& request, bool without_consistency);

}  // namespace scale::quality

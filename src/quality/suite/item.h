// One question of a task suite, scored in one of two ways.
//
// Likelihood: a forced choice. Of the options, the one to which the model gives the greatest summed log probability
// after the prompt is its answer. That works for models far too small to follow an instruction in their own words,
// costs a few tokens an item, and gives a continuous score besides (log probability of the right option among the
// options), which moves long before an answer flips. Generation: the model writes an answer, greedily, and `check`
// (answer/check.h) judges the text. It is what users get, and needs a model that is right often enough to have
// something to lose.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quality {

namespace scoring {
inline constexpr const char* likelihood = "likelihood";
inline constexpr const char* generation = "generation";
}  // namespace scoring

struct Item {
    std::string id;     // "reasoning/17"; the same seed and number give the same item, however many are made
    std::string suite;  // one of record::suite_names()
    std::string task;   // the kind within the suite
    int cluster = 0;    // items of one cluster share a text; unique within the suite
    bool chat = false;  // the prompt is a user's message for the chat template; otherwise text to be continued
    std::string prompt;
    // Likelihood: what is chosen from; for plain text with the space that follows the prompt. Generation: the answers
    // that the question itself names, if any.
    std::vector<std::string> options;
    int gold = 0;  // index of the right option
    std::string mode = scoring::likelihood;
    bool by_length = false;  // likelihood: an option's score is divided by its bytes (and multiplied by their mean)
    core::Json check{};      // generation: the judge of the answer
    int answer_tokens = 0;   // generation: at most
    double chance = 0;       // generation: of being right by a guess
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Item, id, suite, task, cluster, chat, prompt, options, gold, mode,
                                                by_length, check, answer_tokens, chance)

struct SuiteRequest {
    int items = 0;
    std::uint64_t seed = 1;
    int context = 1024;                                   // tokens of the longest prompt
    std::function<int(const std::string&)> count_tokens;  // only the long-context suite asks
    bool generation = false;
    int answer_tokens = 256;                  // of a written answer, at most
    core::Json rules = core::Json::object();  // of checking instructions: {"rules", "score"}, see answer/check.h
};

// Each is deterministic in (seed, item number): asking for more items keeps the earlier ones.
std::vector<Item> reasoning_items(const SuiteRequest& request);
std::vector<Item> instruction_items(const SuiteRequest& request);
std::vector<Item> long_context_items(const SuiteRequest& request);
std::vector<Item> json_items(const SuiteRequest& request);
std::vector<Item> consistency_items(const SuiteRequest& request);  // pairs: items / 2 clusters of two variants

// By the suite's name; an input error for one that is not generated.
std::vector<Item> suite_items(const std::string& suite, const SuiteRequest& request);

// The item as one of generation: limits the answer to what the request allows.
void make_written(Item& item, const SuiteRequest& request, int answer_tokens, core::Json check, double chance);

}  // namespace scale::quality

// Public sets that the benches take for traffic: banking77, Schema-Guided Dialogue (SGD), Self-Instruct, Arena-Hard.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::bench {

struct BankingQuestion {
    std::string text;
    int topic = 0;  // a number for each of the 77 labels
};

// "text,category" lines with quotes where the text holds a comma or a line end; `topics` numbers the labels.
std::vector<BankingQuestion> read_banking(const std::string& path, std::map<std::string, int>& topics);

struct SgdTurn {
    bool user = false;
    std::string text;
};
struct SgdDialogue {
    std::string name;
    std::vector<SgdTurn> turns;
};
std::vector<SgdDialogue> read_sgd(const std::string& path);

// Request lines as an OpenAI-style log has them: {"request": body, "response": body} where an answer is known.
core::Json request_line(const std::vector<std::pair<std::string, std::string>>& messages, const std::string& answer,
                        const std::string& user);

// Every turn of the user with what went before; the reply is the answer.
void add_dialogue(const SgdDialogue& dialogue, std::vector<core::Json>& lines);
std::vector<core::Json> self_instruct_lines(const std::string& path);
std::vector<core::Json> arena_hard_lines(const std::string& path);

}  // namespace scale::bench

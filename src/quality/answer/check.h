// Judging a written answer. What is judged, and how, stands in the item as a small JSON object:
//
//   {"kind": "number", "answer": "42", "extraction": "flexible" | "strict"}
//       strict: the number after "####"; flexible: that, or else the last number of the text
//   {"kind": "word", "answer": "Ben", "others": ["Anna", …]}     the last of these words that the text names
//   {"kind": "all_words", "answers": ["river", "stone"], "others": ["tiger"]}
//       every one occurs, in any case (RULER's string match), and none of the others, if given
//   {"kind": "next_word", "answer": "signs"}                     the text goes on with this word
//   {"kind": "instructions", "list": [{"id", "arguments"}, …], "rules": "fixed" | "compat", "score": "strict" |
//   "loose"}
//   {"kind": "json", "schema": {…}, "gold": …}                   valid under the schema, and equal to gold where given
#pragma once

#include <string>

#include "core/json.h"

namespace scale::quality {

struct Judged {
    bool right = false;
    double score = 0;     // 0…1: the share of what was asked for that the answer has; 1 where it is right
    std::string answer;   // what was read off the text, normalised: to compare answers with each other
    std::string problem;  // why it is wrong, for a person; "" where it is right
};

// `prompt` is the user's message. An input error for an unknown kind. A blank answer is always wrong.
Judged judge_answer(const core::Json& check, const std::string& prompt, const std::string& text);

}  // namespace scale::quality

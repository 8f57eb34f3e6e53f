// One checker. For this folder only.
#pragma once

#include <map>
#include <string>

#include "core/json.h"
#include "quality/instruction_checkers/checkers.h"

namespace scale::quality {

struct Response {
    const std::string& prompt;
    const std::string& text;
    InstructionRules rules;
};

using Checker = bool (*)(const core::Json& arguments, const Response& response);
using Checkers = std::map<std::string, Checker>;

Checkers keyword_checkers();  // keywords:*, language:*
Checkers length_checkers();   // length_constraints:*
Checkers form_checkers();     // detectable_content:*, detectable_format:*
Checkers whole_checkers();    // combination:*, startend:*, change_case:*, punctuation:*

// "less than": count < limit; "at least": count ≥ limit; an input error for another relation.
bool in_relation(int count, const std::string& relation, int limit);

template <typename T>
T argument(const core::Json& arguments, const char* name) {
    return core::required<T>(arguments, name, "an instruction's arguments");
}

}  // namespace scale::quality

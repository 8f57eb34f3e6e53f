// What every set of rules of stage C does with its candidates: take some out, and end in one or in a refusal.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "choice/exclusions.h"
#include "choice/rules.h"

namespace scale::choice {

struct Choice {
    record::Candidate* winner = nullptr;  // one of the candidates that conclude() is given; null: none will do
    std::string_view rule;
    std::string reason;
};

// Takes an eligible candidate out where there is a reason to; the first rule that does is its verdict.
void judge(record::Candidate& candidate, const char* rule_name, const Exclusion& exclusion);

// The candidate of that name; null where there is none.
record::Candidate* find(std::vector<record::Candidate>& candidates, const std::string& name);

Outcome refuse(std::vector<record::Candidate> candidates, Refusal refusal);

// The winner with its rule and reason; `explain_loss` gives every other eligible candidate its own.
Outcome conclude(std::vector<record::Candidate> candidates, const Choice& choice,
                 const std::function<void(record::Candidate&)>& explain_loss);

}  // namespace scale::choice

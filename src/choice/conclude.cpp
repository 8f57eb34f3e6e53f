#include "choice/conclude.h"

#include <algorithm>
#include <utility>

namespace scale::choice {

using record::Candidate;

void judge(Candidate& candidate, const char* rule_name, const Exclusion& exclusion) {
    if (!candidate.eligible || !exclusion) return;
    candidate.eligible = false;
    candidate.rule = rule_name;
    candidate.reason = *exclusion;
}

Candidate* find(std::vector<Candidate>& candidates, const std::string& name) {
    const auto found = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const Candidate& candidate) { return candidate.name == name; });
    return found == candidates.end() ? nullptr : &*found;
}

Outcome refuse(std::vector<Candidate> candidates, Refusal refusal) {
    Outcome outcome;
    outcome.candidates = std::move(candidates);
    outcome.refusal = std::move(refusal);
    return outcome;
}

Outcome conclude(std::vector<Candidate> candidates, const Choice& choice,
                 const std::function<void(Candidate&)>& explain_loss) {
    for (Candidate& candidate : candidates) {
        if (&candidate == choice.winner) {
            candidate.chosen = true;
            candidate.rule = choice.rule;
            candidate.reason = choice.reason;
        } else if (candidate.eligible) {
            explain_loss(candidate);
        }
    }
    Outcome outcome;
    outcome.type = choice.winner->name;
    outcome.rule = choice.rule;
    outcome.reason = choice.reason;
    outcome.candidates = std::move(candidates);
    return outcome;
}

}  // namespace scale::choice

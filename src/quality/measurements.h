// What the gate measures of both models, item by item and text by text, before anything is judged.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quality {

// One text of held-out traffic.
struct SequenceResult {
    std::string id;
    std::string stratum;
    std::vector<double> kl;   // nats, one per scored token
    int same_top = 0;         // scored tokens on which the most likely token agrees
    double original_nll = 0;  // Σ −log p(token), nats
    double candidate_nll = 0;
    double squared_dp = 0;  // Σ (p(token) of the original − of the candidate)²
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SequenceResult, id, stratum, kl, same_top, original_nll, candidate_nll,
                                                squared_dp)

// What a model wrote, for an item that is answered in its own words.
struct Answer {
    bool given = false;
    bool right = false;
    int tokens = 0;
    bool capped = false;      // ended by the limit, not by the model
    bool repetitive = false;  // caught in a loop
    bool refused = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Answer, given, right, tokens, capped, repetitive, refused)

// One item of a task suite: the score of every option (summed log probability, nats), or both answers in words.
struct ItemResult {
    std::string id;
    std::string suite;
    std::string task;
    int cluster = 0;
    int gold = 0;
    std::vector<std::string> options;
    std::vector<double> original;
    std::vector<double> candidate;
    Answer original_answer = {};
    Answer candidate_answer = {};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ItemResult, id, suite, task, cluster, gold, options, original,
                                                candidate, original_answer, candidate_answer)

// One item that another program scored on both models; which task, metric and filter the budget says.
struct ImportedScore {
    std::string task;
    std::string id;
    double original = 0;
    double candidate = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ImportedScore, task, id, original, candidate)

// A token on which the candidate moved far, for a person to look at. `before` is a few tokens, no more: the text is
// somebody's traffic.
struct WorstToken {
    std::string sequence;
    std::string before;
    std::string token;
    double kl = 0;
    double original_probability = 0;
    double candidate_probability = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(WorstToken, sequence, before, token, kl, original_probability,
                                                candidate_probability)

// A property that both files must share for the comparison to mean anything; shown as text.
struct Identity {
    std::string name;
    std::string original;
    std::string candidate;
    bool same = true;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Identity, name, original, candidate, same)

struct Measurements {
    std::vector<SequenceResult> sequences;
    std::vector<ItemResult> items;
    std::vector<WorstToken> worst;
    std::vector<ImportedScore> imported;
    std::vector<Identity> identities;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Measurements, sequences, items, worst, imported, identities)

}  // namespace scale::quality

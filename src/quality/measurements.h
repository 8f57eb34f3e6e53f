// What the gate measures of both models, item by item and text by text, before anything is judged.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quality {

// One text of held-out traffic.
struct SequenceResult {
    std::string id;
    std::string stratum;
    std::vector<double> kl;   // nats, one per scored token; see Measurements::known_tokens
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
    double score = 0;  // 0…1: how much of what was asked for it has
    int tokens = 0;
    bool capped = false;      // ended by the limit, not by the model
    bool repetitive = false;  // caught in a loop
    bool refused = false;
    std::string text{};
    std::string said{};     // what the judge read off the text, to compare answers with each other
    std::string problem{};  // why it is wrong; "" where it is right
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Answer, given, right, score, tokens, capped, repetitive, refused, text,
                                                said, problem)

// One item of a task suite. Likelihood: the score of every option (summed log probability, nats). Generation: the
// answers; `original` and `candidate` are empty.
struct ItemResult {
    std::string id;
    std::string suite;
    std::string task;
    int cluster = 0;
    int gold = 0;
    std::vector<std::string> options;
    std::vector<double> original;
    std::vector<double> candidate;
    double chance = 0;     // generation: of being right by a guess
    std::string prompt{};  // generation: the user's message, its end where it is long
    Answer original_answer{};
    Answer candidate_answer{};

    bool written() const { return original_answer.given; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ItemResult, id, suite, task, cluster, gold, options, original,
                                                candidate, chance, prompt, original_answer, candidate_answer)

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
    std::map<std::string, std::string> scoring;  // how each suite was scored, and why; for people
    // Most likely tokens that servers told of every place; the divergences are lower bounds then. 0: all were known.
    int known_tokens = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Measurements, sequences, items, worst, imported, identities, scoring,
                                                known_tokens)

}  // namespace scale::quality

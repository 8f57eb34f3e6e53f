// The gate for programs that evaluate models themselves: is a candidate no worse than the original by more than a margin
// that was fixed beforehand, on the same items?
//
// Method: non-inferiority of a paired proportion by Tango's score with its size made exact, the counts divided by the
// design effect of the clusters (T. Tango, Statistics in Medicine 17, 1998; src/quality/statistics/tango.h). A candidate
// whose loss is truly the margin passes with probability alpha at most, whatever the number of items.
#pragma once

#include <string>
#include <vector>

namespace scale::embed {

// One item, answered by both models.
struct Outcome {
    bool original = false;   // right
    bool candidate = false;  // right
    int cluster = 0;         // items that hang together (one document, one conversation) share a number
    double chance = 0;       // of a model that guesses to be right, 0…1
};

enum class Result {
    pass,          // the upper limit of the loss is below the margin
    fail,          // the loss is beyond the margin
    inconclusive,  // neither can be said; see items_needed
    no_power,      // the original is so close to chance that it could not lose the margin twice over
};

struct Comparison {
    Result result = Result::inconclusive;
    double loss = 0;   // share of items that the candidate loses, 0…1; negative is better
    double upper = 0;  // one-sided upper limit of the loss at level 1 − alpha
    int original_only = 0;
    int candidate_only = 0;
    int items_needed = 0;  // for the loss as it was seen to pass with power 0.8; 0 where it never would
    std::string method;
};

// `margin` is the tolerated loss as a share, in (0, 1); alpha lies in (0, 0.5). Throws std::invalid_argument for others,
// and where there are no outcomes. Pure: no files, no engine; safe on any number of threads.
Comparison compare(const std::vector<Outcome>& outcomes, double margin, double alpha = 0.05);

const char* name_of(Result result);  // "PASS", "FAIL", "INCONCLUSIVE", "NO POWER"

}  // namespace scale::embed

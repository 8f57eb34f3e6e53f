// Long texts and what is asked about them: the task families of RULER (Hsieh et al., 2024, arXiv 2404.06654) on
// generated text. One text has several questions, which share its cache; the text is their cluster.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "quality/suite/item.h"

namespace scale::quality {

struct LongQuestion {
    // Likelihood: the text goes on with `lead`, then one of the options. Empty where only a written answer is asked
    // for.
    std::string lead;
    std::string gold;
    std::vector<std::string> wrong;
    // Generation.
    std::string question;
    core::Json check;   // answer/check.h
    double chance = 0;  // of being right by a guess
};

struct LongText {
    std::string text;
    std::vector<LongQuestion> questions;
};

// Texts of at most `tokens` tokens by the request's count, or the facts alone where these are more.
using LongTextMaker = LongText (*)(int tokens, const SuiteRequest& request, core::Random& random);

// Needles, "The password of Anna is river.": a value for every key; all values of a key; the values of several keys.
LongText retrieval_text(int tokens, const SuiteRequest& request, core::Random& random);
LongText multivalue_text(int tokens, const SuiteRequest& request, core::Random& random);
LongText multiquery_text(int tokens, const SuiteRequest& request, core::Random& random);

// Variable tracking, "The counter bravo shows what alpha shows.": chains of up to four hops.
LongText tracking_text(int tokens, const SuiteRequest& request, core::Random& random);

// Aggregation: a list in which few words stand much more often than the others.
LongText common_words_text(int tokens, const SuiteRequest& request, core::Random& random);

// The sentences, in their order, at random places among as much generated filler as fits.
std::string with_filler(std::vector<std::string> sentences, int tokens, const SuiteRequest& request,
                        core::Random& random);

// `list` without its entry `index`.
std::vector<std::string> without(std::vector<std::string> list, std::size_t index);

}  // namespace scale::quality

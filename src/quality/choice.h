// A forced choice as tokens, and what is read off its scores.
#pragma once

#include <span>
#include <vector>

#include "engine/session.h"
#include "quality/suite/item.h"

namespace scale::quality {

// The prompt and every option are tokenised as one text, since a tokenizer may merge across the boundary; the part that
// all of them share is the prompt. A chat item goes through the model's template, each option with its end of turn; a
// model without a template gets the message and the option as plain lines.
engine::ChoiceItem tokenize_item(const engine::Model& model, const Item& item);

// The score of each option: summed log probability (nats) of its tokens after the prompt; by_length divides it by the
// option's bytes and multiplies by the mean bytes of all, so that long options lose nothing and it stays in nats.
std::vector<double> option_scores(const Item& item, const engine::ChoiceScores& scores);

// Index of the greatest score; the first of equals.
int chosen(std::span<const double> scores);

// −log p(gold | one of the options), by softmax over the scores; ≥ 0, log k for a model that cannot tell them apart.
double gold_loss(std::span<const double> scores, int gold);

}  // namespace scale::quality

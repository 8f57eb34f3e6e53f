// Does the artefact suffer from the new traffic? Two one-sided tests against the held-out traffic, by permutation of
// whole conversations, and the verdict that they and the inputs make together.
//
// "activation": the share of layer inputs beyond the largest that calibration showed in their channel. "shadow KL":
// nats a token between original and artefact. Each statistic is the rate on new requests over the rate on held-out
// ones; under unchanged traffic, dealing the conversations of both sides out again changes nothing but by chance, so
// each test cries wolf with its part of alpha (Hoeffding, 1952). As with the inputs, being significant is not enough:
// the rise must matter (least_rise).
//
// The rule (research/quality.md §1.3): refresh where the inputs drifted and the artefact suffers, since modern models
// often shrug off other inputs; or where the system prompt changed. Inputs alone, or suffering alone, say "look".
#pragma once

#include <cstdint>
#include <vector>

#include "calibration/drift/live_run.h"
#include "record/payload.h"

namespace scale::calibration {

inline constexpr double least_rise = 0.2;  // of a rate; 0.2: a fifth more
// Parts of the check's alpha, where the models run.
inline constexpr double part_of_inputs = 0.6;
inline constexpr double part_of_suffering = 0.2;  // each of the two

// A request with the number of its conversation.
struct Sufferer {
    int conversation = 0;
    TextRun run;
};

struct SufferingOptions {
    double alpha = 0.002;  // of each test
    int permutations = 1999;
    std::uint64_t seed = 1;
};

// {activation, shadow KL}. No tests where a side has fewer than 2 conversations. Conversation numbers of the two sides
// are apart: equal numbers on both mean nothing.
std::vector<record::DriftTest> compare_suffering(const std::vector<Sufferer>& held_out,
                                                 const std::vector<Sufferer>& live, const SufferingOptions& options);

// Adds the tests to a check whose inputs were compared, and gives verdict, sentence and `look` anew.
void conclude_with_model(record::TrafficCheck& check, const std::vector<record::DriftTest>& suffering);

}  // namespace scale::calibration

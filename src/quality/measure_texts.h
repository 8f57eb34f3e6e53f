// The distribution part of a measurement.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/model.h"
#include "model/token_set.h"
#include "quality/checkpoint.h"
#include "quality/scored_texts.h"

namespace scale::quality {

struct ModelPair {
    const engine::Model& original;
    const engine::Model& candidate;
    int threads = 1;
    std::string kv_type = "f16";  // of the candidate's cache
    int batch = 512;              // tokens of a forward pass
    int candidate_batch = 512;    // other settings than the original's measure the noise floor
    int candidate_threads = 0;    // 0: as the original's
};

// An input error where the models do not have equally many tokens.
void require_same_vocabulary(const engine::Model& original, const engine::Model& candidate);

// Tokens of one text whose rows of the original fit in memory together.
std::size_t longest_text(const engine::Model& original);

// Runs every text that the checkpoint lacks. The original's rows of one text are kept in float until the candidate's
// have been compared with them; nothing is rounded. `progress` gets the tokens scored with each text.
void measure_texts(const ModelPair& models, const std::vector<model::TokenSequence>& held_out,
                   const std::vector<ScoredText>& texts, Checkpoint& checkpoint,
                   const std::function<void(std::size_t)>& progress);

}  // namespace scale::quality

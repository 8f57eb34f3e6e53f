// A model as config.json of a Hugging Face folder describes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/huggingface/family.h"

namespace scale::model {

// How rotary positions are stretched beyond the trained length. Which members count depends on the type.
struct RopeScaling {
    std::string type;  // "" for none, "linear", "yarn", "llama3" or "longrope"
    double factor = 1;
    std::uint64_t original_context = 0;                            // yarn, llama3, longrope
    double low_frequency = 1;                                      // llama3
    double high_frequency = 4;                                     // llama3
    std::optional<double> attention_factor, beta_fast, beta_slow;  // yarn
    std::vector<double> long_factors, short_factors;               // longrope
};

struct Architecture {
    const Family* family = nullptr;
    std::uint64_t layers = 0;
    std::uint64_t width = 0;
    std::uint64_t feed_forward = 0;
    std::uint64_t heads = 0;
    std::uint64_t kv_heads = 0;
    std::uint64_t head_size = 0;
    std::uint64_t context = 0;
    std::uint64_t vocabulary = 0;  // rows of the embedding
    double norm_epsilon = 0;
    double rope_base = 0;
    std::optional<double> rope_base_local;  // of layers that attend to a window
    RopeScaling rope_scaling;
    std::uint64_t rotary_size = 0;  // components of a head that are rotated
    std::optional<bool> tied_head;  // none: config.json does not say, the tensors decide
    bool attention_bias = false;    // q, k, v and output
    bool input_bias = false;        // q, k and v
    bool feed_forward_bias = false;
    std::uint64_t sliding_window = 0;  // 0: none
    double attention_softcap = 0;      // 0: none
    double final_softcap = 0;
    std::uint64_t experts = 0;
    std::uint64_t experts_used = 0;
    std::uint64_t expert_feed_forward = 0;
    std::uint64_t shared_feed_forward = 0;
    std::vector<std::string> notes;  // what the engine does differently, for people
};

// Reads config.json of the folder. Throws an input error naming the file and the key for an unknown architecture, a
// missing or impossible value, and a setting that the engine has no counterpart for: better refused than run wrongly.
Architecture read_architecture(const std::filesystem::path& folder);

}  // namespace scale::model

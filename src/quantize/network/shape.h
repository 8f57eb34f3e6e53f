// What kind of network a GGUF holds: the sizes and constants of a Llama-like decoder.
//
// Llama, Mistral (stored as Llama), Qwen2 and dense Qwen3: RMS norms, rotary positions, causal attention with grouped
// keys and values, SwiGLU. Keys and their meaning: the GGUF specification (ggml docs/gguf.md).
#pragma once

#include <string>
#include <vector>

#include "model/gguf.h"

namespace scale::quantize {

struct NetworkShape {
    int layers = 0;
    int width = 0;
    int feed_forward = 0;
    int heads = 0;
    int kv_heads = 0;
    int head_width = 0;  // of queries, keys and values
    int vocabulary = 0;
    float norm_epsilon = 0;
    int rotated = 0;              // leading elements of a head that turn with the position
    bool rotates_halves = false;  // element i turns with i + rotated/2 (Qwen); otherwise 2i turns with 2i + 1 (Llama)
    double rotation_base = 0;
    double position_scale = 1;            // linear position interpolation: positions are multiplied by this
    std::vector<float> rotation_factors;  // per turning pair: its frequency is divided by this (Llama 3); may be empty

    int query_width() const { return heads * head_width; }
    int kv_width() const { return kv_heads * head_width; }
};

struct ShapeReading {
    NetworkShape shape;
    std::string unsupported;  // why the model cannot be read as such a network; empty where it can
};

ShapeReading read_shape(const model::GgufFile& file);

}  // namespace scale::quantize

// Rotary positions in config.json: three ways of writing them have been in use.
#pragma once

#include "model/huggingface/architecture.h"
#include "model/huggingface/config_values.h"

namespace scale::model {

// Fills in base, scaling and rotary size; `context`, `head_size` and `family` are set already. An input error for a
// type of scaling that the engine does not have, or that this family's graph does not read.
void read_rope(const ConfigValues& config, Architecture& architecture);

// What every rotated pair of components is divided by, for scaling of the type "llama3": head_size / 2 numbers.
// Source: transformers, modeling_rope_utils.py.
std::vector<float> llama3_divisors(const Architecture& architecture);

// The factor on attention that stretching to the whole context brings, for scaling of the type "longrope".
double longrope_attention_factor(const Architecture& architecture);

}  // namespace scale::model

// A plan: the type of every tensor of one artefact, so that the artefact can be made again or written by hand.
//
// Format: one JSON object in canonical bytes. A plan is known by the SHA-256 of these bytes.
//
//   "format"           1
//   "model_sha256"     the original that it is for
//   "mix"              the stock mix whose types the tensors have that "types" does not name ("Q4_K_M")
//   "types"            {tensor name: type}, such as {"blk.0.attn_k.weight": "Q5_K"}
//   "file_bytes"       of the artefact, exactly
//   "bits_per_weight"  8 · bytes of the tensors / parameters
//   "budget_bytes"     what the file was allowed to take
//   "allocation"       "searched", or "stock" for a stock mix as it is
//   "kl"               expected mean KL divergence, nats a token; absent where nothing was estimated
//   "kl_source"        where that number comes from: "estimated (…)" or "measured (…)"
//   "notes"            how the types were found, for people
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/stock_quantize.h"

namespace scale::quantize {

struct AllocationPlan {
    std::string model_sha256;
    std::string mix;
    engine::TensorTypes types;
    std::uint64_t file_bytes = 0;
    double bits_per_weight = 0;
    std::uint64_t budget_bytes = 0;
    std::string allocation = "searched";
    double kl = 0;
    std::string kl_source;  // "" where there is no estimate
    std::string notes;
};

std::string to_text(const AllocationPlan& plan);

// Throws an input error naming `source` and what is missing or wrong there.
AllocationPlan parse_plan(std::string_view text, const std::string& source);

// The digest by which the record names the plan.
std::string digest(const AllocationPlan& plan);

}  // namespace scale::quantize

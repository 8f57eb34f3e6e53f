// Is the artefact the original, only coarser? Every tensor of the original must be there with its shape, decode to
// finite numbers, and lie close to its original.
//
// How close: for a Gaussian source, the best scalar quantiser of b bits leaves the share D(b) of the variance as error
// (Max, 1960: 0.363, 0.1175, 0.0345, 0.0095, 0.0025, 0.00069 for b = 1…6). An encoder that favours important columns
// may leave several times that; wrong scales, swapped nibbles or rows in the wrong place leave about all of it. The
// floor is the cosine √(1 − 4 D(b)) that four times the optimum gives: 0.93 at 3 bits, 0.98 at 4; at 2 bits 0.73. It
// tells broken from sound and says nothing about quality, which is the gate's business.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "record/payload.h"

namespace scale::quantize {

// The lowest cosine that a sound tensor of so many bits a weight has.
double cosine_floor(double bits_per_weight);

// Decodes rows of a tensor to float: (type id, data, row length, rows); engine::decode_rows in the program.
using RowDecoder = std::function<std::vector<float>(std::uint32_t, const std::byte*, std::uint64_t, std::uint64_t)>;

// Compares a tensor with its original, in pieces of at most 2^22 weights. `bytes` and `type` are the artefact's. Throws
// an error naming the tensor where a decoded number is not finite. A pair of zero tensors has cosine 1, error 0.
record::TensorCheck compare_tensor(const model::GgufFile& original, const model::TensorInfo& original_tensor,
                                   const model::GgufFile& artefact, const model::TensorInfo& artefact_tensor,
                                   const RowDecoder& decode);

// All tensors; throws an error naming the first that is missing, has another shape, is not finite or lies below its
// floor. `progress` gets (weights done, total, tensor name).
std::vector<record::TensorCheck> check_tensors(const model::GgufFile& original, const model::GgufFile& artefact,
                                               const RowDecoder& decode,
                                               const std::function<void(double, double, const std::string&)>& progress);

}  // namespace scale::quantize

// What is unusual about the weights of the original, found before any long work.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "quantize/tensor_check.h"

namespace scale::quantize {

struct ZeroRows {
    std::string tensor;
    std::uint64_t zero = 0;
    std::uint64_t rows = 0;
};

// Decodes every weight once. Throws an input error that names the first tensor with weights that are not finite, how
// many and where. Returns the matrices with rows that are all zero. `progress` gets (weights done, total, tensor name).
std::vector<ZeroRows> examine_weights(const model::GgufFile& original, const RowDecoder& decode,
                                      const std::function<void(double, double, const std::string&)>& progress);

// Sentences for people; none where nothing is unusual.
std::vector<std::string> notes_on(const std::vector<ZeroRows>& rows);

}  // namespace scale::quantize

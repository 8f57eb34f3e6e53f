// Which types a tensor may have, and what each takes in the file.
//
// Free are the tensors that the engine's quantiser quantises (matrices; not norms, routers or positional tables) and
// whose rows divide into at least one of our grids; all others keep what the stock mix gives them. Bytes are those of
// the file: a tensor's rows, padded to the alignment. Codebook types (IQ3_S … IQ2_XXS) are slow on a CPU and are among
// the options only where the mix has them too, or they are allowed by name.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/stock_quantize.h"
#include "model/gguf.h"

namespace scale::quantize {

struct TypeOption {
    const model::TensorType* type = nullptr;
    std::uint64_t bytes = 0;  // in the file, padded
};

struct FreeTensor {
    std::string name;
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;           // of all experts together
    std::vector<TypeOption> options;  // by rising bytes
    std::size_t stock = 0;  // the option of the stock mix, or the widest of at most its bytes, or the narrowest
    std::uint64_t weights() const { return columns * rows; }
};

struct Admissible {
    std::vector<FreeTensor> tensors;  // in file order
    std::uint64_t fixed_bytes = 0;    // metadata and all other tensors
};

// `stock` is the engine's plan for a mix of the original. `allowed`: names of types; empty allows all that have a grid.
Admissible admissible_types(const model::GgufFile& original, const engine::QuantizePlan& stock,
                            const std::set<std::string>& allowed = {});

}  // namespace scale::quantize

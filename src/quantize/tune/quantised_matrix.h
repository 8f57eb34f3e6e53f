// A matrix as its GGUF tensor stores it: scales of every superblock and codes of every weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantize/grid/grid.h"

namespace scale::quantize {

struct QuantisedMatrix {
    const Grid* grid = nullptr;
    int rows = 0;
    int columns = 0;
    std::vector<Scales> scales;       // rows × columns / superblock
    std::vector<std::uint8_t> codes;  // rows × columns

    std::size_t superblocks() const { return scales.size(); }
};

// The bytes of the whole tensor. Throws an input error where they are not rows × columns of the grid.
QuantisedMatrix unpack_matrix(const Grid& grid, int rows, int columns, std::span<const std::byte> bytes);
std::vector<std::byte> pack_matrix(const QuantisedMatrix& matrix);

// The weights that a decoder makes of it; `values` has rows × columns.
void decode_matrix(const QuantisedMatrix& matrix, std::span<float> values, int threads);

}  // namespace scale::quantize

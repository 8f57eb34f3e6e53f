#include "quantize/tune/quantised_matrix.h"

#include <string>

#include "core/error.h"
#include "core/parallel.h"
#include "quantize/grid/fit.h"
#include "quantize/tiling.h"

namespace scale::quantize {

QuantisedMatrix unpack_matrix(const Grid& grid, int rows, int columns, std::span<const std::byte> bytes) {
    const auto width = static_cast<std::size_t>(grid.superblock);
    const std::size_t weights = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    if (rows < 1 || columns < 1 || columns % grid.superblock != 0 || bytes.size() != weights / width * grid.bytes)
        throw core::input_error(std::to_string(bytes.size()) + " bytes for " + std::to_string(rows) + " × " +
                                std::to_string(columns) + " weights of " + std::string(grid.type));
    QuantisedMatrix matrix{&grid, rows, columns, std::vector<Scales>(weights / width),
                           std::vector<std::uint8_t>(weights)};
    for (std::size_t block = 0; block < matrix.superblocks(); ++block)
        matrix.scales[block] = unpack(grid, bytes.subspan(block * grid.bytes, grid.bytes),
                                      std::span(matrix.codes).subspan(block * width, width));
    return matrix;
}

std::vector<std::byte> pack_matrix(const QuantisedMatrix& matrix) {
    const auto width = static_cast<std::size_t>(matrix.grid->superblock);
    std::vector<std::byte> bytes(matrix.superblocks() * matrix.grid->bytes);
    for (std::size_t block = 0; block < matrix.superblocks(); ++block)
        pack(*matrix.grid, matrix.scales[block], std::span(matrix.codes).subspan(block * width, width),
             bytes.data() + block * matrix.grid->bytes);
    return bytes;
}

void decode_matrix(const QuantisedMatrix& matrix, std::span<float> values, int threads) {
    const Grid& grid = *matrix.grid;
    const auto width = static_cast<std::size_t>(grid.superblock);
    const Tiling tiles(static_cast<int>(matrix.superblocks()), 4096);
    core::run_tasks(tiles.count, threads, [&](int tile) {
        for (int b = tiles.begin(tile); b < tiles.end(tile); ++b) {
            const auto block = static_cast<std::size_t>(b);
            const Steps steps = steps_of(grid, matrix.scales[block]);
            for (std::size_t j = 0; j < width; ++j)
                values[block * width + j] =
                    value_of(grid, steps, static_cast<int>(j) / grid.sub, matrix.codes[block * width + j]);
        }
    });
}

}  // namespace scale::quantize

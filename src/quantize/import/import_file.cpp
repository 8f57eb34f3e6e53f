#include "quantize/import/import_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/grid/half.h"
#include "quantize/import/on_grid.h"
#include "quantize/overwrite.h"

namespace scale::quantize {

namespace {

constexpr std::uint64_t piece_weights = std::uint64_t{1} << 22;
constexpr const char* next_step = "export the trained weights as F32, on the grid of the plan's types";

bool is_float(std::string_view type) {
    return type == "F32" || type == "F16" || type == "BF16";
}

// The rows of one tensor in both files, a piece at a time.
struct Pair {
    const model::GgufFile& trained_file;
    const model::TensorInfo& trained;
    const model::TensorInfo& target;
    std::uint64_t columns() const { return std::max<std::uint64_t>(1, target.shape.empty() ? 1 : target.shape[0]); }
    std::uint64_t rows() const { return target.elements / columns(); }
    std::uint64_t target_row_bytes() const { return target.bytes / rows(); }
    std::vector<float> decoded(std::uint64_t first, std::uint64_t count) const {
        return engine::decode_rows(
            trained.type->id, trained_file.data(trained).data() + first * (trained.bytes / rows()), columns(), count);
    }
};

[[noreturn]] void refuse(const Pair& pair, std::uint64_t row, std::uint64_t column, std::uint64_t width) {
    throw core::input_error(fmt::format("{} does not lie on the grid of {}: row {}, weights {} to {}", pair.target.name,
                                        pair.target.type->name, row, column, column + width - 1),
                            "weights that the type holds exactly", next_step);
}

void pack_row(const Pair& pair, const Grid& grid, std::span<const float> row, std::uint64_t index, std::byte* out) {
    const auto width = static_cast<std::size_t>(grid.superblock);
    for (std::size_t at = 0; at < row.size(); at += width, out += grid.bytes) {
        const auto point = exactly_on_grid(grid, row.subspan(at, width));
        if (!point) refuse(pair, index, at, width);
        pack(grid, point->scales, point->codes, out);
    }
}

// F32, F16 or BF16 of the same numbers.
void convert_row(const Pair& pair, std::span<const float> row, std::uint64_t index, std::byte* out) {
    const std::string_view type = pair.target.type->name;
    for (std::size_t j = 0; j < row.size(); ++j) {
        if (type == "F32") {
            std::memcpy(out + 4 * j, &row[j], 4);
            continue;
        }
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(row[j]);
        const auto stored = type == "F16" ? to_half(row[j]) : static_cast<std::uint16_t>(bits >> 16);
        const float back =
            type == "F16" ? from_half(stored) : std::bit_cast<float>(static_cast<std::uint32_t>(stored) << 16);
        if (back != row[j]) refuse(pair, index, j, 1);
        std::memcpy(out + 2 * j, &stored, 2);
    }
}

std::vector<std::byte> encoded(const Pair& pair, const Grid* grid, std::uint64_t first, std::uint64_t count,
                               int threads) {
    const std::vector<float> values = pair.decoded(first, count);
    std::vector<std::byte> bytes(count * pair.target_row_bytes());
    core::run_tasks(static_cast<int>(count), threads, [&](int task) {
        const auto row = static_cast<std::uint64_t>(task);
        const auto weights = std::span(values).subspan(row * pair.columns(), pair.columns());
        std::byte* out = bytes.data() + row * pair.target_row_bytes();
        if (grid)
            pack_row(pair, *grid, weights, first + row, out);
        else
            convert_row(pair, weights, first + row, out);
    });
    // The proof: the engine's decoder gives the trained weights back, every one.
    const auto again = engine::decode_rows(pair.target.type->id, bytes.data(), pair.columns(), count);
    for (std::size_t i = 0; i < again.size(); ++i)
        if (!(again[i] == values[i])) refuse(pair, first + i / pair.columns(), i % pair.columns(), 1);
    return bytes;
}

ImportedTensor import_tensor(const Pair& pair, const core::FileDescriptor& file, const std::string& path, int threads) {
    ImportedTensor result{pair.target.name, std::string(pair.target.type->name), std::string(pair.trained.type->name),
                          pair.target.elements, "copied"};
    if (pair.trained.type == pair.target.type) {
        const auto bytes = pair.trained_file.data(pair.trained);
        overwrite(file, pair.target.offset, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
        return result;
    }
    const Grid* grid = find_grid(pair.target.type->name);
    const bool floats = is_float(pair.target.type->name);
    if (!is_float(pair.trained.type->name) || (!grid && !floats))
        throw core::input_error(fmt::format("{} is {} in the trained file", pair.target.name, pair.trained.type->name),
                                fmt::format("{}, or 32- or 16-bit weights on its grid", pair.target.type->name),
                                next_step);
    result.how = floats ? "converted" : "packed";
    const std::uint64_t step = std::max<std::uint64_t>(1, piece_weights / pair.columns());
    for (std::uint64_t first = 0; first < pair.rows(); first += step) {
        const auto bytes = encoded(pair, floats ? nullptr : grid, first, std::min(step, pair.rows() - first), threads);
        overwrite(file, pair.target.offset + first * pair.target_row_bytes(),
                  {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
    }
    return result;
}

const model::TensorInfo& counterpart(const model::GgufFile& trained, const model::TensorInfo& wanted) {
    const model::TensorInfo* found = trained.tensor(wanted.name);
    if (!found)
        throw core::input_error("the trained file has no tensor " + wanted.name, "every tensor of the original",
                                next_step);
    if (found->shape != wanted.shape)
        throw core::input_error(
            fmt::format("{} has shape {} in the trained file", wanted.name, fmt::join(found->shape, " × ")),
            fmt::format("{}", fmt::join(wanted.shape, " × ")), next_step);
    return *found;
}

void refuse_left_over(const model::GgufFile& trained, const model::GgufFile& target) {
    for (const model::TensorInfo& tensor : trained.tensors())
        if (!target.tensor(tensor.name))
            throw core::input_error("the trained file has a tensor that the original lacks: " + tensor.name,
                                    "the tensors of the original", next_step);
}

}  // namespace

std::vector<ImportedTensor> import_file(const std::filesystem::path& trained_path,
                                        const std::filesystem::path& target_path, int threads,
                                        const ImportProgress& progress) {
    const model::GgufFile trained(trained_path), target(target_path);
    refuse_left_over(trained, target);
    for (const model::TensorInfo& tensor : target.tensors()) counterpart(trained, tensor);  // all, before any work
    const core::FileDescriptor file = open_to_overwrite(target_path);
    std::vector<ImportedTensor> imported;
    const auto total = static_cast<double>(target.parameters());
    double done = 0;
    for (const model::TensorInfo& tensor : target.tensors()) {
        const Pair pair{trained, counterpart(trained, tensor), tensor};
        imported.push_back(import_tensor(pair, file, target_path.string(), threads));
        done += static_cast<double>(tensor.elements);
        progress(done, total, tensor.name);
    }
    sync(file, target_path.string());
    return imported;
}

}  // namespace scale::quantize

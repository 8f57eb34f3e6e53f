#include "quantize/examine/weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::quantize {

namespace {

constexpr std::uint64_t piece_weights = std::uint64_t{1} << 22;

bool holds_weights(const model::TensorInfo& tensor) {
    return !tensor.type->name.starts_with("I") || tensor.type->name.starts_with("IQ");
}

// Where the numbers that are not finite are.
struct NotFinite {
    std::uint64_t count = 0;
    std::uint64_t row = 0;
    std::uint64_t column = 0;
    void see(std::uint64_t at_row, std::uint64_t at_column) {
        if (count++ > 0) return;
        row = at_row;
        column = at_column;
    }
};

// Adds one row to both findings.
void examine_row(std::span<const float> values, std::uint64_t row, NotFinite& bad, ZeroRows& zeros) {
    bool zero = true;
    for (std::size_t column = 0; column < values.size(); ++column) {
        zero = zero && values[column] == 0;
        if (!std::isfinite(values[column])) bad.see(row, column);
    }
    zeros.zero += zero;
}

ZeroRows examine_tensor(const model::GgufFile& file, const model::TensorInfo& tensor, const RowDecoder& decode) {
    const std::uint64_t columns = std::max<std::uint64_t>(1, tensor.shape.empty() ? 1 : tensor.shape[0]);
    ZeroRows zeros{tensor.name, 0, tensor.elements / columns};
    NotFinite bad;
    const std::uint64_t step = std::max<std::uint64_t>(1, piece_weights / columns);
    const std::uint64_t row_bytes = zeros.rows == 0 ? 0 : tensor.bytes / zeros.rows;
    for (std::uint64_t first = 0; first < zeros.rows; first += step) {
        const std::uint64_t count = std::min(step, zeros.rows - first);
        const std::vector<float> values =
            decode(tensor.type->id, file.data(tensor).data() + first * row_bytes, columns, count);
        for (std::uint64_t row = 0; row < count; ++row)
            examine_row(std::span(values).subspan(row * columns, columns), first + row, bad, zeros);
    }
    if (bad.count > 0)
        throw core::input_error(
            fmt::format("{} of the original has {} {} not finite; the first is weight {} of row {}", tensor.name,
                        bad.count, bad.count == 1 ? "weight that is" : "weights that are", bad.column, bad.row),
            "finite weights", "convert or download the model again, then scale set");
    return zeros;
}

}  // namespace

std::vector<ZeroRows> examine_weights(const model::GgufFile& original, const RowDecoder& decode,
                                      const std::function<void(double, double, const std::string&)>& progress) {
    std::vector<ZeroRows> found;
    const auto total = static_cast<double>(original.parameters());
    double done = 0;
    for (const model::TensorInfo& tensor : original.tensors()) {
        if (holds_weights(tensor)) {
            ZeroRows zeros = examine_tensor(original, tensor, decode);
            if (zeros.zero > 0 && tensor.shape.size() > 1) found.push_back(std::move(zeros));
        }
        done += static_cast<double>(tensor.elements);
        if (progress) progress(done, total, tensor.name);
    }
    return found;
}

std::vector<std::string> notes_on(const std::vector<ZeroRows>& found) {
    if (found.empty()) return {};
    std::uint64_t sum = 0;
    for (const ZeroRows& each : found) sum += each.zero;
    const ZeroRows& most =
        *std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.zero < b.zero; });
    return {fmt::format("{} all-zero {} in {} {}, most in {} ({} of {}); they stay zero", sum,
                        sum == 1 ? "row" : "rows", found.size(), found.size() == 1 ? "matrix" : "matrices", most.tensor,
                        most.zero, most.rows)};
}

}  // namespace scale::quantize

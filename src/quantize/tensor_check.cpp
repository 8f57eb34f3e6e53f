#include "quantize/tensor_check.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace scale::quantize {

namespace {

constexpr std::uint64_t piece_weights = std::uint64_t{1} << 22;

core::Error unsound(const std::string& found, const std::string& expected) {
    return core::worker_error("the artefact is not sound and was not published: " + found, expected,
                              "run scale quantize --again; if it happens again, choose another type and report it");
}

struct Sums {
    double original = 0;    // Σ w²
    double artefact = 0;    // Σ ŵ²
    double product = 0;     // Σ w ŵ
    double difference = 0;  // Σ (w − ŵ)²
};

void add(Sums& sums, const std::vector<float>& original, const std::vector<float>& artefact) {
    for (std::size_t i = 0; i < original.size(); ++i) {
        const double w = original[i];
        const double q = artefact[i];
        sums.original += w * w;
        sums.artefact += q * q;
        sums.product += w * q;
        sums.difference += (w - q) * (w - q);
    }
}

void finish(const Sums& sums, record::TensorCheck& check) {
    if (sums.original == 0) {
        check.relative_error = sums.artefact == 0 ? 0 : 1;
        check.cosine = sums.artefact == 0 ? 1 : 0;
        return;
    }
    check.relative_error = std::sqrt(sums.difference / sums.original);
    check.cosine = sums.artefact == 0 ? 0 : sums.product / std::sqrt(sums.original * sums.artefact);
}

const model::TensorInfo& counterpart(const model::TensorInfo& wanted, const model::GgufFile& artefact) {
    const model::TensorInfo* found = artefact.tensor(wanted.name);
    if (!found) throw unsound("it has no tensor " + wanted.name, "every tensor of the original");
    if (found->shape != wanted.shape)
        throw unsound(fmt::format("{} has shape {}", wanted.name, fmt::join(found->shape, " × ")),
                      fmt::format("{}, as the original", fmt::join(wanted.shape, " × ")));
    return *found;
}

}  // namespace

double cosine_floor(double bits_per_weight) {
    static constexpr std::array optimum{0.363, 0.1175, 0.0345, 0.0095, 0.0025, 0.00069};
    if (bits_per_weight < 2) return 0.5;  // four times the optimum exceeds the variance; a wrong tensor lies near 0
    if (bits_per_weight >= 7) return 0.999;
    const auto bits = std::min<std::size_t>(static_cast<std::size_t>(bits_per_weight), optimum.size());
    return std::sqrt(1 - 4 * optimum[bits - 1]);
}

record::TensorCheck compare_tensor(const model::GgufFile& original, const model::TensorInfo& original_tensor,
                                   const model::GgufFile& artefact, const model::TensorInfo& artefact_tensor,
                                   const RowDecoder& decode) {
    record::TensorCheck check;
    check.name = artefact_tensor.name;
    check.type = artefact_tensor.type->name;
    check.bytes = artefact_tensor.bytes;
    const std::uint64_t row = std::max<std::uint64_t>(1, original_tensor.shape.empty() ? 1 : original_tensor.shape[0]);
    const std::uint64_t rows = original_tensor.elements / row;
    const std::uint64_t step = std::max<std::uint64_t>(1, piece_weights / row);
    const auto bytes_per_row = [&](const model::TensorInfo& tensor) { return rows == 0 ? 0 : tensor.bytes / rows; };
    Sums sums;
    for (std::uint64_t first = 0; first < rows; first += step) {
        const std::uint64_t count = std::min(step, rows - first);
        const auto piece = [&](const model::GgufFile& file, const model::TensorInfo& tensor) {
            return decode(tensor.type->id, file.data(tensor).data() + first * bytes_per_row(tensor), row, count);
        };
        add(sums, piece(original, original_tensor), piece(artefact, artefact_tensor));
    }
    if (!std::isfinite(sums.original))
        throw core::input_error("the original's tensor " + check.name + " holds numbers that are not finite");
    if (!std::isfinite(sums.artefact))
        throw unsound(fmt::format("{} ({}) decodes to numbers that are not finite", check.name, check.type),
                      "finite weights");
    finish(sums, check);
    return check;
}

std::vector<record::TensorCheck> check_tensors(
    const model::GgufFile& original, const model::GgufFile& artefact, const RowDecoder& decode,
    const std::function<void(double, double, const std::string&)>& progress) {
    std::vector<record::TensorCheck> checks;
    const double total = static_cast<double>(original.parameters());
    double done = 0;
    for (const model::TensorInfo& tensor : original.tensors()) {
        const model::TensorInfo& found = counterpart(tensor, artefact);
        checks.push_back(compare_tensor(original, tensor, artefact, found, decode));
        const double floor = cosine_floor(found.type->bits_per_weight());
        if (checks.back().cosine < floor)
            throw unsound(fmt::format("{} ({}) has cosine {:.4f} to its original", tensor.name, found.type->name,
                                      checks.back().cosine),
                          fmt::format("at least {:.4f} at {:.2f} bits", floor, found.type->bits_per_weight()));
        done += static_cast<double>(tensor.elements);
        if (progress) progress(done, total, tensor.name);
    }
    return checks;
}

}  // namespace scale::quantize

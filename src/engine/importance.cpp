#include "engine/importance.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace scale::engine {

namespace {

// Columns that were always zero keep a trace of weight: the quantisers divide by sums of the importance.
constexpr double least_share_of_mean = 1e-6;

std::uint64_t slices(const model::TensorInfo& tensor) {
    return tensor.shape.size() > 2 ? tensor.shape[2] : 1;
}

// Of one expert; uniform where it saw no token.
void append_mean_squares(std::vector<float>& out, const double* sums, std::size_t columns, std::uint64_t count) {
    double mean = 0;
    for (std::size_t c = 0; c < columns; ++c) mean += sums[c] / static_cast<double>(columns);
    for (std::size_t c = 0; c < columns; ++c) {
        if (count == 0 || !std::isfinite(mean) || mean <= 0)
            out.push_back(1.0f);
        else
            out.push_back(
                static_cast<float>(std::max(sums[c], least_share_of_mean * mean) / static_cast<double>(count)));
    }
}

std::vector<float> mean_squares(const InputMoments& moments, std::size_t columns) {
    std::vector<float> values;
    for (std::size_t e = 0; e < moments.counts.size(); ++e)
        append_mean_squares(values, moments.sum_of_squares.data() + e * columns, columns, moments.counts[e]);
    return values;
}

}  // namespace

Importance Importance::of(const Statistics& statistics, const model::GgufFile& file) {
    Importance importance;
    const bool tied = file.tensor("output.weight") == nullptr;
    for (const auto& [name, moments] : statistics) {
        const std::string weight = tied && name == "output.weight" ? "token_embd.weight" : name;
        const model::TensorInfo* tensor = file.tensor(weight);
        if (!tensor) continue;
        const std::uint64_t experts = slices(*tensor);
        if (moments.counts.size() != experts || moments.sum_of_squares.size() != tensor->shape[0] * experts)
            throw core::input_error("the activation statistics have " + std::to_string(moments.sum_of_squares.size()) +
                                        " columns for " + weight + ", which has " +
                                        std::to_string(tensor->shape[0] * experts),
                                    "statistics gathered with this model");
        importance.add(weight, mean_squares(moments, tensor->shape[0]));
    }
    if (importance.values_.empty())
        throw core::input_error("the activation statistics name no weight of " + file.path().string(),
                                "statistics gathered with this model");
    return importance;
}

Importance Importance::uniform(const model::GgufFile& file) {
    Importance importance;
    for (const model::TensorInfo& tensor : file.tensors())
        if (tensor.shape.size() > 1)
            importance.add(tensor.name, std::vector<float>(tensor.shape[0] * slices(tensor), 1.0f));
    return importance;
}

void Importance::add(const std::string& name, std::vector<float> values) {
    names_.push_back(name);
    values_.push_back(std::move(values));
    list_.back() = {names_.back().c_str(), values_.back().data(), values_.back().size()};
    list_.push_back({nullptr, nullptr, 0});
}

}  // namespace scale::engine

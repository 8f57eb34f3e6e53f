#include "quantize/export/layer_weights.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "quantize/fold/search.h"

namespace scale::quantize {

namespace {

float as_stored(model::Element type, float value) {
    switch (type) {
        case model::Element::f16:
            return stored_scale(ScaleType::f16, value);
        case model::Element::bf16:
            return stored_scale(ScaleType::bf16, value);
        default:
            return value;
    }
}

}  // namespace

std::vector<float> LayerWeights::decoded(const std::string& tensor) const {
    const model::TensorInfo* info = file_.tensor(tensor);
    if (!info) throw core::input_error("the model has no tensor " + tensor);
    const std::uint64_t width = info->shape.front();
    return engine::decode_rows(info->type->id, file_.data(*info).data(), width, info->elements / width);
}

void LayerWeights::load(const Module& module) {
    matrices_[module.tensor] = {module.tensor, module.rows, decoded(module.tensor)};
}

std::vector<float> LayerWeights::fold(const FoldPair& pair, std::vector<float> scales) {
    if (pair.source == FoldPair::Source::norm)
        divide_gain(pair.divided, scales);
    else
        divide_rows(pair, scales);
    for (const std::string& reader : pair.readers) scale_columns(matrices_.at(reader).weights, scales);
    return scales;
}

void LayerWeights::divide_gain(const std::string& norm, std::vector<float>& scales) {
    const model::MappedTensor* tensor = source_.tensor(norm);
    const model::Element type = source_.weights().require(tensor->sources.front()).type->element;
    const float added = tensor->plus_one ? 1.0f : 0.0f;  // the engine's gain over the stored one
    std::vector<float> gain = decoded(norm);
    for (std::size_t i = 0; i < gain.size(); ++i) {
        const float moved = as_stored(type, gain[i] / scales[i] - added) + added;
        const float scale = gain[i] / moved;
        const bool usable = moved != 0 && std::isfinite(scale) && scale > 0;
        scales[i] = usable ? scale : 1.0f;
        if (usable) gain[i] = moved;
    }
    vectors_[norm] = std::move(gain);
}

void LayerWeights::divide_rows(const FoldPair& pair, const std::vector<float>& scales) {
    UniformReader& matrix = matrices_.at(pair.divided);
    std::vector<float> of_row(static_cast<std::size_t>(matrix.rows), 1.0f);
    for (std::size_t channel = 0; channel < scales.size(); ++channel)
        of_row[pair.source_row.empty() ? channel : static_cast<std::size_t>(pair.source_row[channel])] =
            scales[channel];
    const std::size_t width = matrix.weights.size() / of_row.size();
    for (std::size_t i = 0; i < matrix.weights.size(); ++i) matrix.weights[i] /= of_row[i / width];
    if (pair.bias.empty()) return;
    const model::MappedTensor* tensor = source_.tensor(pair.bias);
    const model::Element type = source_.weights().require(tensor->sources.front()).type->element;
    std::vector<float> bias = decoded(pair.bias);
    for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = as_stored(type, bias[i] / of_row[i]);
    vectors_[pair.bias] = std::move(bias);
}

}  // namespace scale::quantize

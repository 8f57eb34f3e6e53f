#include "quantize/network/load.h"

#include <set>

#include <fmt/format.h>

#include "engine/stock_quantize.h"

namespace scale::quantize {

namespace {

class Loader {
  public:
    explicit Loader(const model::GgufFile& file) : file_(file) {}

    void vector(WeightMatrix& matrix, const std::string& name, int length, bool optional = false) {
        take(matrix, name, 1, length, optional);
    }
    void matrix(WeightMatrix& matrix, const std::string& name, int rows, int columns, bool optional = false) {
        take(matrix, name, rows, columns, optional);
    }
    void layer(LinearLayer& layer, const std::string& name, int rows, int columns) {
        matrix(layer.weight, name + ".weight", rows, columns);
        vector(layer.bias, name + ".bias", rows, true);
    }
    const std::string& problem() const { return problem_; }
    std::string unread() const {
        for (const auto& tensor : file_.tensors())
            if (!read_.contains(tensor.name)) return "the tensor " + tensor.name;
        return {};
    }

  private:
    void take(WeightMatrix& matrix, const std::string& name, int rows, int columns, bool optional) {
        if (!problem_.empty()) return;
        const model::TensorInfo* tensor = file_.tensor(name);
        if (!tensor) {
            if (!optional) problem_ = "no tensor " + name;
            return;
        }
        read_.insert(name);
        const auto wide = static_cast<std::uint64_t>(columns), high = static_cast<std::uint64_t>(rows);
        if (!tensor->type || tensor->shape.empty() || tensor->shape[0] != wide || tensor->elements != wide * high) {
            problem_ = fmt::format("the tensor {} of another shape than {} × {}", name, rows, columns);
            return;
        }
        matrix.name = name;
        matrix.rows = rows;
        matrix.columns = columns;
        matrix.values = engine::decode_rows(tensor->type->id, file_.data(*tensor).data(), wide, high);
    }

    const model::GgufFile& file_;
    std::set<std::string> read_;
    std::string problem_;
};

void load_block(Loader& loader, const NetworkShape& shape, int index, BlockWeights& block) {
    const std::string at = fmt::format("blk.{}.", index);
    loader.vector(block.attention_norm, at + "attn_norm.weight", shape.width);
    loader.layer(block.query, at + "attn_q", shape.query_width(), shape.width);
    loader.layer(block.key, at + "attn_k", shape.kv_width(), shape.width);
    loader.layer(block.value, at + "attn_v", shape.kv_width(), shape.width);
    loader.layer(block.attention_output, at + "attn_output", shape.width, shape.query_width());
    loader.vector(block.query_norm, at + "attn_q_norm.weight", shape.head_width, true);
    loader.vector(block.key_norm, at + "attn_k_norm.weight", shape.head_width, true);
    loader.vector(block.feed_forward_norm, at + "ffn_norm.weight", shape.width);
    loader.layer(block.gate, at + "ffn_gate", shape.feed_forward, shape.width);
    loader.layer(block.up, at + "ffn_up", shape.feed_forward, shape.width);
    loader.layer(block.down, at + "ffn_down", shape.width, shape.feed_forward);
}

}  // namespace

NetworkReading load_network(const model::GgufFile& file) {
    ShapeReading reading = read_shape(file);
    if (!reading.unsupported.empty()) return {std::nullopt, std::move(reading.unsupported)};
    Network network;
    network.shape = std::move(reading.shape);
    NetworkShape& shape = network.shape;
    Loader loader(file);
    loader.matrix(network.weights.embedding, "token_embd.weight", shape.vocabulary, shape.width);
    network.weights.blocks.resize(static_cast<std::size_t>(shape.layers));
    for (int i = 0; i < shape.layers; ++i)
        load_block(loader, shape, i, network.weights.blocks[static_cast<std::size_t>(i)]);
    loader.vector(network.weights.output_norm, "output_norm.weight", shape.width);
    loader.matrix(network.weights.output, "output.weight", shape.vocabulary, shape.width, true);
    WeightMatrix factors;
    loader.vector(factors, "rope_freqs.weight", shape.rotated / 2, true);
    shape.rotation_factors = std::move(factors.values);
    if (!loader.problem().empty()) return {std::nullopt, loader.problem()};
    if (std::string unread = loader.unread(); !unread.empty()) return {std::nullopt, std::move(unread)};
    return {std::move(network), {}};
}

}  // namespace scale::quantize

// The weights of a decoder-only transformer of the Llama family, decoded to float, and its gradients in the same form.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace scale::quantize {

// rows × columns, row-major; a linear layer maps x to W x. Norms and biases have one row. Empty where the model has
// none (or, among gradients, where none is wanted).
struct WeightMatrix {
    std::string name;  // of the tensor in the GGUF
    int rows = 0;
    int columns = 0;
    std::vector<float> values;
    bool empty() const { return values.empty(); }
};

struct LinearLayer {
    WeightMatrix weight;
    WeightMatrix bias;
};

struct BlockWeights {
    WeightMatrix attention_norm;
    LinearLayer query, key, value, attention_output;
    WeightMatrix query_norm, key_norm;  // per head, before the rotation (Qwen3)
    WeightMatrix feed_forward_norm;
    LinearLayer gate, up, down;
};

struct NetworkWeights {
    WeightMatrix embedding;  // vocabulary × width
    std::vector<BlockWeights> blocks;
    WeightMatrix output_norm;
    WeightMatrix output;  // empty: the embedding is the head

    WeightMatrix& head() { return output.name.empty() ? embedding : output; }
    const WeightMatrix& head() const { return output.name.empty() ? embedding : output; }
};

// Calls visit(WeightMatrix&) for every matrix of a NetworkWeights, present or not, in one fixed order.
template <typename Network, typename Visit>
void for_each_matrix(Network& network, const Visit& visit) {
    visit(network.embedding);
    for (auto& block : network.blocks) {
        visit(block.attention_norm);
        for (auto* layer : {&block.query, &block.key, &block.value, &block.attention_output}) {
            visit(layer->weight);
            visit(layer->bias);
        }
        visit(block.query_norm);
        visit(block.key_norm);
        visit(block.feed_forward_norm);
        for (auto* layer : {&block.gate, &block.up, &block.down}) {
            visit(layer->weight);
            visit(layer->bias);
        }
    }
    visit(network.output_norm);
    visit(network.output);
}

// The same matrices with zeros where wanted(matrix), and without values elsewhere: room for gradients.
template <typename Wanted>
NetworkWeights room_for_gradients(const NetworkWeights& of, const Wanted& wanted) {
    std::vector<WeightMatrix> rooms;
    for_each_matrix(of, [&](const WeightMatrix& matrix) {
        rooms.push_back({matrix.name, matrix.rows, matrix.columns, {}});
        if (!matrix.empty() && wanted(matrix)) rooms.back().values.resize(matrix.values.size());
    });
    NetworkWeights gradients;
    gradients.blocks.resize(of.blocks.size());
    std::size_t next = 0;
    for_each_matrix(gradients, [&](WeightMatrix& matrix) { matrix = std::move(rooms[next++]); });
    return gradients;
}

}  // namespace scale::quantize

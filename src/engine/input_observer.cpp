#include "engine/input_observer.h"

#include <cstdint>
#include <vector>

#include <ggml.h>

#include "engine/linear_input.h"
#include "engine/observer_callback.h"

namespace scale::engine {

namespace {

void copy_row(ObserverState& state, const float* row, std::size_t columns) {
    state.rows.insert(state.rows.end(), row, row + columns);
}

void read_dense(ObserverState& state, const ggml_tensor* input) {
    const auto columns = static_cast<std::size_t>(input->ne[0]);
    const std::byte* data = host_data(input, state.copy);
    for (std::int64_t i3 = 0; i3 < input->ne[3]; ++i3)
        for (std::int64_t i2 = 0; i2 < input->ne[2]; ++i2)
            for (std::int64_t i1 = 0; i1 < input->ne[1]; ++i1)
                copy_row(state, row_of(input, data, i1, i2, i3), columns);
}

void read_experts(ObserverState& state, const ggml_tensor* product) {
    const auto columns = static_cast<std::size_t>(product->src[1]->ne[0]);
    for_each_expert_row(product, state.copy, [&](std::int32_t expert, const float* row) {
        state.experts.push_back(expert);
        copy_row(state, row, columns);
    });
}

bool can_be_observed(const ggml_tensor* node) {
    return is_linear_layer(node) && (node->op == GGML_OP_MUL_MAT_ID || node->src[0]->ne[2] == 1);
}

// Hands out what the head would read; false, since nothing after it need run.
bool end_at_head(ObserverState& state, const ggml_tensor* input) {
    if (!state.observer->wants("output.weight")) return false;
    state.rows.clear();
    read_dense(state, input);
    state.input = nullptr;
    state.readers.clear();
    state.observer->observe("output.weight", state.rows, static_cast<int>(input->ne[0]), false);
    return false;
}

}  // namespace

bool observer_callback(ggml_tensor* node, bool ask, void* user_data) {
    auto& state = *static_cast<ObserverState*>(user_data);
    const bool observed = can_be_observed(node);
    if (ask) state.head.learn(node);
    if (state.head.ends_at(node)) return ask || end_at_head(state, node);
    if (ask) return observed && state.observer->wants(weight_name(node->src[0]));
    if (!observed) return true;
    const bool by_expert = node->op == GGML_OP_MUL_MAT_ID;
    const ggml_tensor* weight = node->src[0];
    const ggml_tensor* input = node->src[1];
    // A reused graph hands out the same tensor again with other contents; then the first reader comes round again.
    const ggml_tensor* chosen = by_expert ? node->src[2] : nullptr;
    const bool same = state.input == input && state.chosen == chosen && !state.readers.contains(weight);
    if (!same) {
        state.rows.clear();
        state.experts.clear();
        if (by_expert)
            read_experts(state, node);
        else
            read_dense(state, input);
        state.input = input;
        state.chosen = chosen;
        state.readers.clear();
    }
    state.readers.insert(weight);
    const auto columns = static_cast<int>(input->ne[0]);
    if (by_expert)
        state.observer->observe_experts(weight_name(weight), state.rows, columns, state.experts, same);
    else
        state.observer->observe(weight_name(weight), state.rows, columns, same);
    return true;
}

}  // namespace scale::engine

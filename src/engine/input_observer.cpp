#include "engine/input_observer.h"

#include <vector>

#include <ggml.h>

#include "engine/linear_input.h"
#include "engine/observer_callback.h"

namespace scale::engine {

bool observer_callback(ggml_tensor* node, bool ask, void* user_data) {
    auto& state = *static_cast<ObserverState*>(user_data);
    const bool dense = node->op == GGML_OP_MUL_MAT && is_linear_layer(node) && node->src[0]->ne[2] == 1;
    if (ask) return dense && state.observer->wants(weight_name(node->src[0]));
    if (!dense) return true;
    const ggml_tensor* input = node->src[1];
    const auto columns = static_cast<std::size_t>(input->ne[0]);
    const auto rows = static_cast<std::size_t>(ggml_nrows(input));
    const ggml_tensor* weight = node->src[0];
    // A reused graph hands out the same tensor again with other contents; then the first reader comes round again.
    const bool same = state.input == input && !state.readers.contains(weight);
    if (!same) {
        const std::byte* data = host_data(input, state.copy);
        state.rows.resize(rows * columns);
        std::size_t at = 0;
        for (std::int64_t i3 = 0; i3 < input->ne[3]; ++i3)
            for (std::int64_t i2 = 0; i2 < input->ne[2]; ++i2)
                for (std::int64_t i1 = 0; i1 < input->ne[1]; ++i1, at += columns) {
                    const float* row = row_of(input, data, i1, i2, i3);
                    std::copy(row, row + columns, state.rows.begin() + static_cast<std::ptrdiff_t>(at));
                }
        state.input = input;
        state.readers.clear();
    }
    state.readers.insert(weight);
    state.observer->observe(weight_name(weight), state.rows, static_cast<int>(columns), same);
    return true;
}

}  // namespace scale::engine

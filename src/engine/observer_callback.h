// The engine's side of InputObserver. For src/engine only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "engine/input_observer.h"
#include "engine/linear_input.h"

struct ggml_tensor;

namespace scale::engine {

struct ObserverState {
    InputObserver* observer = nullptr;
    const ggml_tensor* input = nullptr;   // that `rows` holds
    const ggml_tensor* chosen = nullptr;  // with these experts; null for a dense layer
    std::set<const ggml_tensor*> readers;
    std::vector<float> rows;
    std::vector<std::int32_t> experts;  // of every row; empty for a dense layer
    std::vector<std::byte> copy;
    HeadSkip head;
};

// A ggml_backend_sched_eval_callback; user_data is an ObserverState.
bool observer_callback(ggml_tensor* node, bool ask, void* user_data);

}  // namespace scale::engine

// The engine's side of ActivationTap. For src/engine only.
#pragma once

#include "engine/activations.h"

struct ggml_tensor;

namespace scale::engine {

// Passes that follow end before the output head, or no longer do.
void skip_head(ActivationTap::Implementation& tap, bool skip);

// A ggml_backend_sched_eval_callback; user_data is an ActivationTap::Implementation.
bool activation_callback(ggml_tensor* node, bool ask, void* user_data);

}  // namespace scale::engine

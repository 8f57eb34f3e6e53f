// What the engine would allocate, found by letting it plan without allocating (no_alloc).
#pragma once

#include <filesystem>

#include "record/payload.h"

namespace scale::engine {

// Weights as they lie in memory, KV cache (of `workload.kv_type`) and compute buffers for `workload.concurrency`
// sequences of `workload.context` tokens. Weights that the engine rearranges at load count once, as rearranged: the
// mapped pages they came from can be dropped by the system.
record::Memory estimate_memory(const std::filesystem::path& model, const record::Workload& workload);

}  // namespace scale::engine

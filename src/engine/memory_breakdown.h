// The engine's own account of its memory. For src/engine and its tests.
#pragma once

#include <filesystem>

#include "record/payload.h"

namespace scale::engine {

enum class Allocation {
    planned,  // nothing is read or allocated
    real      // the model is loaded (not mapped, so that the weights count as read) and the buffers are allocated
};

record::Memory memory_of(const std::filesystem::path& model, const record::Workload& workload, Allocation allocation);

}  // namespace scale::engine

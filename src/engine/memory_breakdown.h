// The engine's own account of its memory. For src/engine and its tests.
#pragma once

#include <filesystem>

#include "record/payload.h"

namespace scale::engine {

enum class Allocation {
    planned,  // nothing is read or allocated
    real      // the weights are read, not mapped, so that each buffer has the size of what lies in it
};

record::Memory memory_of(const std::filesystem::path& model, const record::Workload& workload, Allocation allocation);

}  // namespace scale::engine

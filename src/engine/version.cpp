#include <filesystem>
#include <string>

#include <llama.h>

#include "engine/model.h"

// Both are set by CMake from the prefix that scripts/build_engine.sh printed.
#ifndef SCALE_ENGINE_KEY
#error "SCALE_ENGINE_KEY is not defined"
#endif

namespace scale::engine {

std::string engine_version() {
    return std::string("llama.cpp ") + llama_version() + ", build " SCALE_ENGINE_KEY;
}

std::filesystem::path engine_programs() {
    return std::filesystem::path(SCALE_ENGINE_PREFIX) / "bin";
}

}  // namespace scale::engine

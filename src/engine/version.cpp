#include <filesystem>
#include <string>

#include <llama.h>

#include "core/process.h"
#include "engine/model.h"

// All three are set by CMake from the prefix that scripts/build_engine.sh printed.
#ifndef SCALE_ENGINE_KEY
#error "SCALE_ENGINE_KEY is not defined"
#endif

namespace scale::engine {

std::string engine_version() {
    return std::string("llama.cpp ") + llama_version() + ", build " SCALE_ENGINE_KEY;
}

std::filesystem::path engine_programs() {
    // Installed, the server lies beside the program; in a build folder it is the engine's own.
    std::error_code unreadable;
    const std::filesystem::path installed = core::own_program().parent_path().parent_path() / SCALE_INSTALLED_PROGRAMS;
    if (std::filesystem::exists(installed / "llama-server", unreadable)) return installed;
    return std::filesystem::path(SCALE_ENGINE_PREFIX) / "bin";
}

}  // namespace scale::engine

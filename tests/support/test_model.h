// The small real model that tests run on.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "support/paths.h"

namespace scale::test {

// $SCALE_TEST_MODEL, else the model that the repository carries.
inline std::optional<std::filesystem::path> test_model() {
    if (const char* named = std::getenv("SCALE_TEST_MODEL"))
        if (std::filesystem::exists(named)) return named;
    const std::filesystem::path own = source_folder() / "tests/data/tiny-256/tiny-256.f16.gguf";
    if (std::filesystem::exists(own)) return own;
    return std::nullopt;
}

}  // namespace scale::test

// What a call that must be refused is refused for.
#pragma once

#include <functional>
#include <string>

#include "core/error.h"

namespace scale::test {

// The error's `found`; "" where there was none.
inline std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const core::Error& error) {
        return error.found();
    }
    return "";
}

}  // namespace scale::test

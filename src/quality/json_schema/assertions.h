// Keywords that look at one value and no subschema. For this folder only.
#pragma once

#include <string>

#include "core/json.h"

namespace re2 {
class RE2;
}

namespace scale::quality {

// The first of the validation vocabulary's keywords that the instance breaks; "" where it breaks none.
std::string broken_assertion(const core::Json& schema, const core::Json& instance);

// The compiled pattern, kept for the life of the program's thread; an input error where RE2 cannot compile it.
const re2::RE2& pattern_of(const std::string& pattern);

}  // namespace scale::quality

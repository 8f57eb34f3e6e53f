// JSON values, and the canonical bytes over which the record's hashes are computed.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace scale::core {

using Json = nlohmann::json;  // object keys are kept sorted

// Throws an input error that names `source`, the offset and what was met there. Nesting deeper than 200 is refused, so
// that hostile text cannot exhaust the stack.
Json parse_json(std::string_view text, const std::string& source);

// Keys sorted bytewise, no white space, numbers in their shortest round-trip form, invalid UTF-8 replaced by U+FFFD.
std::string canonical(const Json& value);

// value[key] as T; an input error naming `source`, the key and the type met where it is missing or of another type.
template <typename T>
T required(const Json& value, const char* key, const std::string& source);

}  // namespace scale::core

#include "core/json_inl.h"

#pragma once

#include "core/error.h"
#include "core/json.h"

namespace scale::core {

template <typename T>
T required(const Json& value, const char* key, const std::string& source) {
    const auto member = value.is_object() ? value.find(key) : value.end();
    if (!value.is_object() || member == value.end())
        throw input_error(source + ": no '" + key + "'", "an object with the member '" + std::string(key) + "'");
    try {
        return member->template get<T>();
    } catch (const nlohmann::json::exception&) {
        throw input_error(source + ": '" + std::string(key) + "' is " + member->type_name() + " " +
                          member->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 80));
    }
}

}  // namespace scale::core

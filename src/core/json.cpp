#include "core/json.h"

#include <algorithm>

namespace scale::core {

namespace {

constexpr int max_depth = 200;

// Depth by brackets outside strings; exact for valid JSON, and invalid JSON is refused by the parser anyway.
int bracket_depth(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
    if (bracket_depth(text) > max_depth)
        throw input_error(source + ": JSON nested deeper than " + std::to_string(max_depth));
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::parse_error& failure) {
        std::string what = failure.what();
        if (const auto colon = what.find("parse error"); colon != std::string::npos) what = what.substr(colon);
        throw input_error(source + ": not valid JSON at byte " + std::to_string(failure.byte) + " (" +
                          what.substr(0, 160) + ")");
    }
}

std::string canonical(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace scale::core

// Block style for what has members, JSON for everything else, which is YAML too (YAML 1.2 §1.3).
#include <algorithm>
#include <cctype>

#include "rollout/handoff/manifests.h"

namespace scale::rollout {

using core::Json;

namespace {

bool has_members(const Json& value) {
    return value.is_structured() && !value.empty();
}

// The names of Kubernetes' fields and annotations need no quotes.
std::string written_key(const std::string& key) {
    const bool plain = std::all_of(key.begin(), key.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '/' || c == '-';
    });
    return plain && std::isalpha(static_cast<unsigned char>(key.front())) != 0 ? key : Json(key).dump();
}

void write(const Json& value, std::size_t depth, std::string& text);

// Behind "key:" or "-".
void write_value(const Json& value, std::size_t depth, std::string& text) {
    if (!has_members(value)) {
        text += ' ' + value.dump() + '\n';
        return;
    }
    text += '\n';
    write(value, depth, text);
}

void write(const Json& value, std::size_t depth, std::string& text) {
    const std::string margin(2 * depth, ' ');
    if (value.is_array()) {
        for (const Json& element : value) {
            text += margin + '-';
            write_value(element, depth + 1, text);
        }
        return;
    }
    for (const auto& [key, element] : value.items()) {
        text += margin + written_key(key) + ':';
        write_value(element, depth + 1, text);
    }
}

}  // namespace

std::string yaml_documents(const std::vector<Json>& objects) {
    std::string text;
    for (const Json& object : objects) {
        text += "---\n";
        write(object, 0, text);
    }
    return text;
}

}  // namespace scale::rollout

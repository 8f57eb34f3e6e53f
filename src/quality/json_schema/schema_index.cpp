#include "quality/json_schema/schema_index.h"

#include <array>

#include "core/error.h"
#include "quality/json_schema/uri.h"

namespace scale::quality {
namespace {

using core::Json;

constexpr const char* draft = "https://json-schema.org/draft/2020-12/schema";
constexpr const char* nameless = "schema://document/";

// The places where a subschema stands; anywhere else, in an enum say, "$id" is data.
constexpr std::array single{"additionalProperties",
                            "contains",
                            "contentSchema",
                            "else",
                            "if",
                            "items",
                            "not",
                            "propertyNames",
                            "then",
                            "unevaluatedItems",
                            "unevaluatedProperties"};
constexpr std::array lists{"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::array maps{"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"};

const std::string* text_of(const Json& schema, const char* key) {
    const auto found = schema.find(key);
    return found == schema.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::string unescaped(std::string token) {
    for (std::size_t at = 0; (at = token.find('~', at)) != std::string::npos && at + 1 < token.size(); ++at)
        if (token[at + 1] == '0' || token[at + 1] == '1') {
            token[at] = token[at + 1] == '0' ? '~' : '/';
            token.erase(at + 1, 1);
        }
    return token;
}

// One step of a JSON pointer; nullptr where it leads nowhere.
const Json* step(const Json& value, const std::string& token) {
    if (value.is_object()) {
        const auto member = value.find(token);
        return member == value.end() ? nullptr : &*member;
    }
    if (!value.is_array() || token.empty() || token.size() > 9 ||
        token.find_first_not_of("0123456789") != std::string::npos)
        return nullptr;
    const auto index = static_cast<std::size_t>(std::stoul(token));
    return index < value.size() ? &value[index] : nullptr;
}

}  // namespace

SchemaIndex::SchemaIndex(const Json& root) {
    // Another metaschema may take keywords away or give them another meaning.
    const std::string* written_for = root.is_object() ? text_of(root, "$schema") : nullptr;
    if (written_for && split_uri(*written_for).resource != draft)
        throw core::input_error("the schema is written for " + *written_for + ", which is not within its document",
                                draft);
    add(root, nameless);
    root_ = {&root, base_of(root, nameless), false};
    resources_.emplace(nameless, &root);
}

void SchemaIndex::add(const Json& schema, std::string base) {
    if (!schema.is_object()) return;
    if (const std::string* id = text_of(schema, "$id")) {
        base = split_uri(resolve_uri(base, *id)).resource;
        resources_.emplace(base, &schema);
    }
    bases_.emplace(&schema, base);
    if (const std::string* anchor = text_of(schema, "$anchor")) anchors_.emplace(std::pair(base, *anchor), &schema);
    if (const std::string* anchor = text_of(schema, "$dynamicAnchor")) {
        anchors_.emplace(std::pair(base, *anchor), &schema);
        dynamic_.emplace(std::pair(base, *anchor), &schema);
    }
    for (const char* key : single)
        if (const auto found = schema.find(key); found != schema.end()) add(*found, base);
    for (const char* key : lists)
        if (const auto found = schema.find(key); found != schema.end() && found->is_array())
            for (const Json& part : *found) add(part, base);
    for (const char* key : maps)
        if (const auto found = schema.find(key); found != schema.end() && found->is_object())
            for (const auto& [name, part] : found->items()) add(part, base);
}

std::string SchemaIndex::base_of(const Json& schema, const std::string& otherwise) const {
    const auto found = bases_.find(&schema);
    return found == bases_.end() ? otherwise : found->second;
}

const Json* SchemaIndex::dynamic_anchor(const std::string& base, const std::string& name) const {
    const auto found = dynamic_.find({base, name});
    return found == dynamic_.end() ? nullptr : found->second;
}

Located SchemaIndex::follow(const Located& resource, const std::string& pointer) const {
    Located at = resource;
    for (std::size_t begin = 1; at.schema && begin <= pointer.size();) {
        const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
        at.schema = step(*at.schema, unescaped(pointer.substr(begin, end - begin)));
        if (at.schema) at.base = base_of(*at.schema, at.base);
        begin = end + 1;
    }
    return at;
}

Located SchemaIndex::find(const std::string& base, const std::string& reference) const {
    const SplitUri uri = split_uri(resolve_uri(base, reference));
    const auto resource = resources_.find(uri.resource);
    if (resource == resources_.end())
        throw core::input_error("the schema refers to " + uri.resource + ", which is not within its document",
                                "references that need nothing to be fetched");
    Located found{resource->second, uri.resource, false};
    found.base = base_of(*found.schema, uri.resource);
    if (uri.fragment.empty()) return found;
    if (uri.fragment[0] == '/') {
        found = follow(found, uri.fragment);
    } else {
        const auto anchor = anchors_.find({found.base, uri.fragment});
        found.schema = anchor == anchors_.end() ? nullptr : anchor->second;
        found.dynamic = dynamic_anchor(found.base, uri.fragment) != nullptr;
    }
    if (!found.schema)
        throw core::input_error("the schema refers to '" + reference + "', which leads nowhere",
                                "a pointer or an anchor within the schema");
    return found;
}

}  // namespace scale::quality

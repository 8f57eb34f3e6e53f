#include "rollout/gateway/request_facts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "core/json.h"
#include "rollout/json/json_cursor.h"

namespace scale::rollout {

namespace {

// Members that we read, in the order of their bits in seen_.
enum Member : std::uint8_t { model, stream, user, safety_identifier, metadata, conversation, count };
constexpr std::array<std::string_view, count> member_names = {"model",    "stream",      "user", "safety_identifier",
                                                              "metadata", "conversation"};

class FactsReader {
  public:
    explicit FactsReader(std::string_view body) : cursor_(body) {}

    ReadFacts read() {
        const bool is_object = cursor_.peek() == JsonCursor::Kind::object;
        if (!is_object && cursor_.peek() != JsonCursor::Kind::none)
            return refusal("the request body is not a JSON object");
        cursor_.enter_object();
        for (std::string_view key; cursor_.next_member(key);)
            if (!take(key)) break;
        if (!error_.empty()) return refusal(error_, param_);
        if (cursor_.too_deep())
            return refusal(fmt::format("the request body is nested deeper than {}", JsonCursor::deepest));
        if (!is_object || !cursor_.at_end())
            return refusal(fmt::format("the request body is not valid JSON (at byte {})", cursor_.position()));
        return {std::move(facts_), {}, {}};
    }

  private:
    static ReadFacts refusal(std::string error, std::string param = {}) {
        return {std::nullopt, std::move(error), std::move(param)};
    }
    bool fail(std::string error, std::string_view param) {
        error_ = std::move(error);
        param_ = param;
        return false;
    }

    bool take(std::string_view key) {
        const auto found = std::find(member_names.begin(), member_names.end(), key);
        if (found == member_names.end()) return cursor_.skip();
        const auto member = static_cast<Member>(found - member_names.begin());
        const unsigned bit = 1u << member;
        if ((seen_ & bit) != 0) return fail("a member of the request body is repeated", *found);
        seen_ |= bit;
        switch (member) {
            case model:
                return take_text(*found, facts_.model);
            case user:
                return take_text(*found, facts_.user);
            case safety_identifier:
                return take_text(*found, facts_.safety_identifier);
            case metadata:
                return take_session("session_id");
            case conversation:
                return cursor_.peek() == JsonCursor::Kind::string ? cursor_.read_string(facts_.session)
                                                                  : take_session("id");
            case stream:
            case count:
                break;
        }
        if (cursor_.read_boolean(facts_.stream)) return true;
        return wrong_type(*found);
    }

    bool take_text(std::string_view name, std::string& text) { return cursor_.read_string(text) || wrong_type(name); }

    // A null says as much as a missing member.
    bool wrong_type(std::string_view name) {
        const auto kind = cursor_.peek();
        if (kind == JsonCursor::Kind::null) return cursor_.skip();
        if (kind == JsonCursor::Kind::none) return cursor_.skip();  // malformed, not of a wrong type
        return fail(fmt::format("'{}' has the wrong type", name), name);
    }

    bool take_session(std::string_view wanted) {
        if (!cursor_.enter_object()) return cursor_.skip();
        for (std::string_view key; cursor_.next_member(key);) {
            const bool is_it = key == wanted && cursor_.peek() == JsonCursor::Kind::string;
            if (is_it ? !cursor_.read_string(facts_.session) : !cursor_.skip()) return false;
        }
        return !cursor_.failed();
    }

    JsonCursor cursor_;
    RequestFacts facts_;
    unsigned seen_ = 0;
    std::string error_;
    std::string param_;
};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The end of the string that begins at `start`, one past its closing quote.
std::size_t end_of_string(std::string_view text, std::size_t start) {
    std::size_t at = start + 1;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    return at + 1;
}

// The end of the value that begins at `start`.
std::size_t end_of_value(std::string_view text, std::size_t start) {
    std::size_t depth = 0;
    std::size_t at = start;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = end_of_string(text, at);
            if (depth == 0) return at;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) return at;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return at + 1;
        ++at;
    }
    return at;
}

std::size_t after_space(std::string_view text, std::size_t at) {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
}

}  // namespace

ReadFacts read_facts(std::string_view body) {
    return FactsReader(body).read();
}

std::optional<std::pair<std::size_t, std::size_t>> find_member(std::string_view object, std::string_view key) {
    std::size_t at = after_space(object, 0) + 1;
    while (at < object.size()) {
        at = after_space(object, at);
        if (at >= object.size() || object[at] != '"') return std::nullopt;
        const std::size_t key_end = end_of_string(object, at);
        const std::string_view quoted = object.substr(at, key_end - at);
        const std::size_t value = after_space(object, after_space(object, key_end) + 1);
        const std::size_t value_end = end_of_value(object, value);
        // A key may be spelled with escapes.
        if (core::Json::parse(quoted).get<std::string>() == key) return std::pair{value, value_end - value};
        at = after_space(object, value_end) + 1;
    }
    return std::nullopt;
}

std::string with_model(std::string_view object, std::string_view model) {
    const std::string name = core::canonical(core::Json(std::string(model)));
    std::string changed(object);
    if (const auto place = find_member(object, "model")) return changed.replace(place->first, place->second, name);
    const std::size_t inside = object.find('{') + 1;
    const bool empty = object[after_space(object, inside)] == '}';
    return changed.insert(inside, "\"model\":" + name + (empty ? "" : ","));
}

}  // namespace scale::rollout

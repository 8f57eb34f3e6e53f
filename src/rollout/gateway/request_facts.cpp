#include "rollout/gateway/request_facts.h"

#include <vector>

#include <fmt/format.h>

#include "core/json.h"

namespace scale::rollout {

namespace {

constexpr std::size_t deepest = 64;

// A SAX handler that keeps the path to the current value for the first two levels only.
class FactsReader : public nlohmann::json_sax<core::Json> {
  public:
    ReadFacts result;

    FactsReader() { result.facts.emplace(); }

    bool null() override { return value(); }
    bool boolean(bool given) override {
        if (depth_ == 1 && key_ == "stream") {
            result.facts->stream = given;
            return value();
        }
        return scalar();
    }
    bool number_integer(number_integer_t) override { return scalar(); }
    bool number_unsigned(number_unsigned_t) override { return scalar(); }
    bool number_float(number_float_t, const string_t&) override { return scalar(); }
    bool binary(binary_t&) override { return scalar(); }

    bool string(string_t& text) override {
        if (std::string* wanted = wanted_string()) {
            *wanted = text;
            return value();
        }
        return scalar();
    }

    bool start_object(std::size_t) override {
        if (!(depth_ == 1 && (key_ == "metadata" || key_ == "conversation")) && !structure()) return false;
        if (depth_ == 1) parent_ = key_;
        return deeper();
    }
    bool start_array(std::size_t) override {
        if (depth_ == 0) return fail("the request body is not a JSON object");
        if (!structure()) return false;
        if (depth_ == 1) parent_ = key_;
        return deeper();
    }
    bool key(string_t& name) override {
        key_ = name;
        if (depth_ != 1) return true;
        for (const auto* known : {"model", "stream", "user", "safety_identifier", "metadata", "conversation"}) {
            if (name != known) continue;
            for (const auto& seen : seen_)
                if (seen == name) return fail("a member of the request body is repeated", name);
            seen_.push_back(name);
        }
        return true;
    }
    bool end_object() override { return shallower(); }
    bool end_array() override { return shallower(); }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail(fmt::format("the request body is not valid JSON (at byte {})", position));
    }

  private:
    bool fail(std::string error, std::string param = {}) {
        result.facts.reset();
        result.error = std::move(error);
        result.param = std::move(param);
        return false;
    }

    std::string* wanted_string() {
        if (depth_ == 1 && key_ == "model") return &result.facts->model;
        if (depth_ == 1 && key_ == "user") return &result.facts->user;
        if (depth_ == 1 && key_ == "safety_identifier") return &result.facts->safety_identifier;
        if (depth_ == 1 && key_ == "conversation") return &result.facts->session;
        if (depth_ == 2 && parent_ == "metadata" && key_ == "session_id") return &result.facts->session;
        if (depth_ == 2 && parent_ == "conversation" && key_ == "id") return &result.facts->session;
        return nullptr;
    }

    bool has_fixed_type() const {
        return depth_ == 1 && (key_ == "model" || key_ == "stream" || key_ == "user" || key_ == "safety_identifier");
    }

    bool value() { return depth_ != 0 || fail("the request body is not a JSON object"); }
    bool scalar() {
        if (has_fixed_type()) return fail(fmt::format("'{}' has the wrong type", key_), key_);
        return value();
    }
    bool structure() {
        if (has_fixed_type()) return fail(fmt::format("'{}' has the wrong type", key_), key_);
        return true;
    }
    bool deeper() {
        if (++depth_ > deepest) return fail(fmt::format("the request body is nested deeper than {}", deepest));
        if (depth_ > 1) key_.clear();
        return true;
    }
    bool shallower() {
        --depth_;
        key_.clear();
        if (depth_ == 1) parent_.clear();
        return true;
    }

    std::size_t depth_ = 0;
    std::string key_;     // of the innermost object, last seen
    std::string parent_;  // the top-level member that we are in
    std::vector<std::string> seen_;
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
    FactsReader reader;
    core::Json::sax_parse(body, &reader);
    return reader.result;
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

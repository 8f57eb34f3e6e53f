#include "rollout/log/records.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "core/error.h"
#include "rollout/json/json_cursor.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::array outcome_names = {
    std::pair{Outcome::ok, "ok"},
    std::pair{Outcome::client_error, "client_error"},
    std::pair{Outcome::server_error, "server_error"},
    std::pair{Outcome::truncated, "truncated"},
    std::pair{Outcome::timeout, "timeout"},
    std::pair{Outcome::client_aborted, "client_aborted"},
    std::pair{Outcome::interrupted, "interrupted"},
};

Outcome outcome_of(const std::string& name, const std::string& source) {
    for (const auto& [outcome, text] : outcome_names)
        if (name == text) return outcome;
    throw core::input_error(source + ": unknown outcome '" + name.substr(0, 40) + "'");
}

Arm arm_of(const std::string& name, const std::string& source) {
    if (name == "original") return Arm::original;
    if (name == "candidate") return Arm::candidate;
    throw core::input_error(source + ": unknown arm '" + name.substr(0, 40) + "'", "original or candidate");
}

// The body goes into the line as it is: inside valid JSON a line end can only be white space between tokens.
std::string on_one_line(const std::string& json_text) {
    std::string text = json_text;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
}

// One flat object, written straight into its line: two of them stand on the way of every request.
class LineWriter {
  public:
    explicit LineWriter(const char* type) {
        line_.reserve(1024);
        line_ += "{\"type\":\"";
        line_ += type;
        line_ += '"';
    }
    LineWriter& text(std::string_view name, std::string_view value) {
        key(name);
        append_quoted(value, line_);
        return *this;
    }
    template <typename Number>
    LineWriter& number(std::string_view name, Number value) {
        key(name);
        fmt::format_to(std::back_inserter(line_), FMT_COMPILE("{}"), value);
        return *this;
    }
    LineWriter& boolean(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }
    LineWriter& json(std::string_view name, std::string_view value) {
        key(name);
        line_ += value;
        return *this;
    }
    std::string end() {
        line_ += '}';
        return std::move(line_);
    }

  private:
    void key(std::string_view name) {
        line_ += ",\"";
        line_ += name;
        line_ += "\":";
    }
    std::string line_;
};

std::string line_of(const Admit& admit) {
    LineWriter line("admit");
    line.number("time_ms", admit.time_ms)
        .text("request_id", admit.request_id)
        .text("client_request_id", admit.client_request_id)
        .text("unit", admit.unit)
        .text("key_kind", admit.key_kind)
        .text("arm", to_string(admit.arm))
        .number("propensity", admit.propensity)
        .number("epoch", admit.epoch)
        .text("experiment", admit.experiment)
        .boolean("excluded", admit.excluded)
        .text("session", admit.session)
        .text("path", admit.path)
        .text("model", admit.model)
        .boolean("stream", admit.stream);
    if (!admit.request.empty()) line.json("request", on_one_line(admit.request));
    return line.end();
}

std::string line_of(const Finish& finish) {
    return LineWriter("finish")
        .number("time_ms", finish.time_ms)
        .text("request_id", finish.request_id)
        .text("outcome", to_string(finish.outcome))
        .number("status", finish.status)
        .number("upstream_status", finish.upstream_status)
        .text("served_by", to_string(finish.served_by))
        .number("ttft_ms", finish.ttft_ms)
        .number("duration_ms", finish.duration_ms)
        .number("prompt_tokens", finish.prompt_tokens)
        .number("completion_tokens", finish.completion_tokens)
        .number("chunks", finish.chunks)
        .number("bytes", finish.bytes)
        .text("finish_reason", finish.finish_reason)
        .text("response_id", finish.response_id)
        .text("error", finish.error)
        .text("answer", finish.answer)
        .end();
}

std::string line_of(const Feedback& feedback) {
    return LineWriter("feedback")
        .number("time_ms", feedback.time_ms)
        .text("id", feedback.id)
        .text("response_id", feedback.response_id)
        .text("session", feedback.session)
        .text("request_id", feedback.request_id)
        .text("name", feedback.name)
        .json("value", core::canonical(feedback.value))
        .text("comment", feedback.comment)
        .json("tags", core::canonical(feedback.tags))
        .end();
}

std::string line_of(const Shadow& shadow) {
    return LineWriter("shadow")
        .number("time_ms", shadow.time_ms)
        .text("request_id", shadow.request_id)
        .text("outcome", to_string(shadow.outcome))
        .number("status", shadow.status)
        .number("ttft_ms", shadow.ttft_ms)
        .number("duration_ms", shadow.duration_ms)
        .number("prompt_tokens", shadow.prompt_tokens)
        .number("completion_tokens", shadow.completion_tokens)
        .text("finish_reason", shadow.finish_reason)
        .text("error", shadow.error)
        .text("answer", shadow.answer)
        .boolean("compared", shadow.compared)
        .boolean("same_answer", shadow.same_answer)
        .number("same_bytes", shadow.same_bytes)
        .number("original_bytes", shadow.original_bytes)
        .number("original_duration_ms", shadow.original_duration_ms)
        .number("original_completion_tokens", shadow.original_completion_tokens)
        .end();
}

Admit admit_of(const Json& json, const std::string& source) {
    Admit admit;
    admit.time_ms = json.value("time_ms", admit.time_ms);
    admit.request_id = core::required<std::string>(json, "request_id", source);
    admit.client_request_id = json.value("client_request_id", "");
    admit.unit = json.value("unit", "");
    admit.key_kind = json.value("key_kind", "");
    admit.arm = arm_of(core::required<std::string>(json, "arm", source), source);
    admit.propensity = json.value("propensity", admit.propensity);
    admit.epoch = json.value("epoch", admit.epoch);
    admit.experiment = json.value("experiment", "");
    admit.excluded = json.value("excluded", false);
    admit.session = json.value("session", "");
    admit.path = json.value("path", "");
    admit.model = json.value("model", "");
    admit.stream = json.value("stream", false);
    if (json.contains("request")) admit.request = json["request"].dump();
    return admit;
}

Finish finish_of(const Json& json, const std::string& source) {
    Finish finish;
    finish.time_ms = json.value("time_ms", finish.time_ms);
    finish.request_id = core::required<std::string>(json, "request_id", source);
    finish.outcome = outcome_of(core::required<std::string>(json, "outcome", source), source);
    finish.status = json.value("status", 0);
    finish.upstream_status = json.value("upstream_status", 0);
    finish.served_by = arm_of(json.value("served_by", "original"), source);
    finish.ttft_ms = json.value("ttft_ms", finish.ttft_ms);
    finish.duration_ms = json.value("duration_ms", finish.duration_ms);
    finish.prompt_tokens = json.value("prompt_tokens", finish.prompt_tokens);
    finish.completion_tokens = json.value("completion_tokens", finish.completion_tokens);
    finish.chunks = json.value("chunks", finish.chunks);
    finish.bytes = json.value("bytes", finish.bytes);
    finish.finish_reason = json.value("finish_reason", "");
    finish.response_id = json.value("response_id", "");
    finish.error = json.value("error", "");
    finish.answer = json.value("answer", "");
    return finish;
}

Feedback feedback_of(const Json& json, const std::string& source) {
    Feedback feedback;
    feedback.time_ms = json.value("time_ms", feedback.time_ms);
    feedback.id = core::required<std::string>(json, "id", source);
    feedback.response_id = json.value("response_id", "");
    feedback.session = json.value("session", "");
    feedback.request_id = json.value("request_id", "");
    feedback.name = core::required<std::string>(json, "name", source);
    feedback.value = json.value("value", Json());
    feedback.comment = json.value("comment", "");
    feedback.tags = json.value("tags", Json());
    return feedback;
}

Shadow shadow_of(const Json& json, const std::string& source) {
    Shadow shadow;
    shadow.time_ms = json.value("time_ms", shadow.time_ms);
    shadow.request_id = core::required<std::string>(json, "request_id", source);
    shadow.outcome = outcome_of(core::required<std::string>(json, "outcome", source), source);
    shadow.status = json.value("status", 0);
    shadow.ttft_ms = json.value("ttft_ms", shadow.ttft_ms);
    shadow.duration_ms = json.value("duration_ms", shadow.duration_ms);
    shadow.prompt_tokens = json.value("prompt_tokens", shadow.prompt_tokens);
    shadow.completion_tokens = json.value("completion_tokens", shadow.completion_tokens);
    shadow.finish_reason = json.value("finish_reason", "");
    shadow.error = json.value("error", "");
    shadow.answer = json.value("answer", "");
    shadow.compared = json.value("compared", false);
    shadow.same_answer = json.value("same_answer", false);
    shadow.same_bytes = json.value("same_bytes", shadow.same_bytes);
    shadow.original_bytes = json.value("original_bytes", shadow.original_bytes);
    shadow.original_duration_ms = json.value("original_duration_ms", shadow.original_duration_ms);
    shadow.original_completion_tokens = json.value("original_completion_tokens", shadow.original_completion_tokens);
    return shadow;
}

// The line without request and answer, which are passed over but checked; false where it is no valid object.
bool cut_texts(std::string_view line, std::string& shorter) {
    JsonCursor cursor(line);
    if (!cursor.enter_object()) return false;
    std::size_t kept_to = 0;  // of `line`; members stand behind one another with a comma between
    std::size_t member = 1;
    for (std::string_view key; cursor.next_member(key); member = cursor.position()) {
        const bool text = key == "request" || key == "answer";
        if (!cursor.skip()) return false;
        if (!text) continue;
        shorter += line.substr(kept_to, member - kept_to);
        kept_to = cursor.position();
    }
    if (!cursor.at_end()) return false;
    shorter += line.substr(kept_to);
    // Where the first member went, its comma is left.
    if (shorter.starts_with("{,")) shorter.erase(1, 1);
    return true;
}

}  // namespace

const char* to_string(Outcome outcome) {
    for (const auto& [known, text] : outcome_names)
        if (known == outcome) return text;
    return "unknown";
}

std::string to_json_line(const Record& record) {
    return std::visit([](const auto& fields) { return line_of(fields); }, record);
}

Record from_json_line(std::string_view line, const std::string& source, Texts texts) {
    std::string shorter;
    if (texts == Texts::left_out && cut_texts(line, shorter)) line = shorter;
    const Json json = core::parse_json(line, source);
    const auto type = core::required<std::string>(json, "type", source);
    try {
        if (type == "admit") return admit_of(json, source);
        if (type == "finish") return finish_of(json, source);
        if (type == "feedback") return feedback_of(json, source);
        if (type == "shadow") return shadow_of(json, source);
    } catch (const nlohmann::json::exception& failure) {
        throw core::input_error(source + ": a member of another type than expected (" + failure.what() + ")");
    }
    throw core::input_error(source + ": unknown record type '" + type.substr(0, 40) + "'",
                            "admit, finish, feedback or shadow");
}

}  // namespace scale::rollout

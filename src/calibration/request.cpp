#include "calibration/request.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

using core::Json;

const Json* member(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && !found->is_null() ? &*found : nullptr;
}

std::string text_member(const Json& object, const char* key) {
    const Json* value = member(object, key);
    if (!value) return {};
    if (value->is_string()) return value->get<std::string>();
    return value->is_number_integer() ? value->dump() : std::string();
}

bool non_empty_array(const Json& object, const char* key) {
    const Json* value = member(object, key);
    return value && value->is_array() && !value->empty();
}

// Content is a string, or an array of parts of which the text ones count.
std::string content_text(const Json* content) {
    if (!content) return {};
    if (content->is_string()) return content->get<std::string>();
    std::string text;
    if (!content->is_array()) return text;
    for (const Json& part : *content) {
        const std::string piece = part.is_string() ? part.get<std::string>() : text_member(part, "text");
        if (piece.empty()) continue;
        if (!text.empty()) text += '\n';
        text += piece;
    }
    return text;
}

// A call has no content; what the model wrote to make it is its name and arguments.
std::string tool_call_text(const Json& message) {
    std::string text;
    const auto append = [&](const Json& function) {
        if (!text.empty()) text += '\n';
        text += core::canonical(
            {{"name", text_member(function, "name")}, {"arguments", text_member(function, "arguments")}});
    };
    if (const Json* calls = member(message, "tool_calls"); calls && calls->is_array())
        for (const Json& call : *calls)
            if (const Json* function = member(call, "function")) append(*function);
    if (const Json* function = member(message, "function_call")) append(*function);
    return text;
}

std::string message_text(const Json& message) {
    std::string text = content_text(member(message, "content"));
    const std::string calls = tool_call_text(message);
    if (!calls.empty()) text += (text.empty() ? "" : "\n") + calls;
    return text;
}

std::string known_role(const std::string& role) {
    if (role == "developer") return "system";
    if (role == "function") return "tool";
    return role == "system" || role == "user" || role == "assistant" || role == "tool" ? role : std::string();
}

std::string read_messages(const Json& messages, Request& request) {
    if (!messages.is_array() || messages.empty()) return "'messages' is not a non-empty array";
    for (const Json& message : messages) {
        if (!message.is_object()) return "a message is not an object";
        const std::string role = known_role(text_member(message, "role"));
        if (role.empty()) return fmt::format("unknown role '{}'", text_member(message, "role").substr(0, 40));
        std::string content = message_text(message);
        if (role == "tool" || !tool_call_text(message).empty()) request.uses_tools = true;
        if (core::trimmed(content).empty()) continue;
        request.messages.push_back({role, std::move(content)});
    }
    const bool asked = std::any_of(request.messages.begin(), request.messages.end(),
                                   [](const Message& message) { return message.role == "user"; });
    return asked ? "" : "no user message with text";
}

std::string transcript_role(const std::string& from) {
    if (from == "human") return "user";
    if (from == "gpt" || from == "chatgpt" || from == "bot" || from == "model" || from == "bard") return "assistant";
    if (from == "observation") return "tool";
    return known_role(from);
}

std::string read_transcript(const Json& turns, Request& request) {
    if (!turns.is_array() || turns.empty()) return "'conversations' is not a non-empty array";
    for (const Json& turn : turns) {
        const std::string from = text_member(turn, "from");
        const std::string role = transcript_role(from);
        if (role.empty()) return fmt::format("unknown speaker '{}'", from.substr(0, 40));
        std::string content = text_member(turn, "value");
        if (core::trimmed(content).empty()) continue;
        if (role == "tool") request.uses_tools = true;
        request.messages.push_back({role, std::move(content)});
    }
    if (!request.messages.empty() && request.messages.back().role == "assistant") {
        request.answer = std::move(request.messages.back().content);
        request.messages.pop_back();
    }
    return request.user_turns() > 0 ? "" : "no user message with text";
}

std::string read_prompt(const Json& prompt, Request& request) {
    if (prompt.is_string()) {
        request.prompt = prompt.get<std::string>();
    } else if (prompt.is_array() && prompt.size() == 1 && prompt[0].is_string()) {
        request.prompt = prompt[0].get<std::string>();
    } else {
        return "'prompt' is not a text";
    }
    return core::trimmed(request.prompt).empty() ? "the prompt is empty" : "";
}

std::string recorded_answer(const Json& response) {
    const Json* choices = member(response, "choices");
    if (!choices || !choices->is_array() || choices->empty()) return {};
    const Json& choice = (*choices)[0];
    if (const Json* message = member(choice, "message")) return message_text(*message);
    return text_member(choice, "text");
}

// The narrowest name that the line gives: a conversation before a session before a user.
std::string conversation_of(const Json& line, const Json& body) {
    static constexpr const char* keys[] = {"conversation_id", "session_id", "user", "safety_identifier"};
    const Json* metadata = member(body, "metadata");
    for (const char* key : keys) {
        for (const Json* place : {&line, &body, metadata}) {
            if (!place) continue;
            const std::string name = text_member(*place, key);
            if (!name.empty()) return std::string(key) + ":" + name;
        }
    }
    return {};
}

void read_flags(const Json& body, Request& request) {
    if (non_empty_array(body, "tools") || non_empty_array(body, "functions")) request.uses_tools = true;
    if (const Json* format = member(body, "response_format"))
        request.asks_json = text_member(*format, "type").starts_with("json");
}

}  // namespace

int Request::user_turns() const {
    return static_cast<int>(
        std::count_if(messages.begin(), messages.end(), [](const Message& message) { return message.role == "user"; }));
}

ParsedLine parse_request(std::string_view line) {
    ParsedLine parsed;
    if (!core::is_valid_utf8(line)) {
        parsed.refusal = "not valid UTF-8";
        return parsed;
    }
    Json value;
    try {
        value = core::parse_json(line, "");
    } catch (const core::Error& error) {
        // Without the piece of text that the parser quotes.
        const std::string reason = error.found().substr(error.found().find_first_not_of(": "));
        const auto quoted = reason.find("; last read");
        parsed.refusal = quoted == std::string::npos ? reason : reason.substr(0, quoted) + ")";
        return parsed;
    }
    const Json* wrapped = member(value, "request");
    const Json& body = wrapped ? *wrapped : value;
    if (!body.is_object()) {
        parsed.refusal = fmt::format("JSON {} where a request object was expected", body.type_name());
        return parsed;
    }
    Request& request = parsed.request;
    if (const Json* messages = member(body, "messages"))
        parsed.refusal = read_messages(*messages, request);
    else if (const Json* turns = member(body, "conversations"))
        parsed.refusal = read_transcript(*turns, request);
    else if (const Json* prompt = member(body, "prompt"))
        parsed.refusal = read_prompt(*prompt, request);
    else
        parsed.refusal = "neither 'messages' nor 'prompt'";
    request.conversation = conversation_of(value, body);
    if (request.conversation.empty() && member(body, "conversations") && !text_member(body, "id").empty())
        request.conversation = "id:" + text_member(body, "id");
    read_flags(body, request);
    if (const Json* response = wrapped ? member(value, "response") : nullptr)
        request.answer = recorded_answer(*response);
    return parsed;
}

std::string normalised_text(const Request& request) {
    std::string text;
    const auto append = [&](std::string_view piece) {
        for (const char c : piece) {
            const bool space = c == ' ' || (c >= '\t' && c <= '\r');
            if (!space)
                text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            else if (!text.empty() && text.back() != ' ' && text.back() != '\n')
                text += ' ';
        }
        while (!text.empty() && text.back() == ' ') text.pop_back();
        text += '\n';
    };
    for (const Message& message : request.messages) {
        append(message.role);
        append(message.content);
    }
    if (!request.is_chat()) append(request.prompt);
    return text;
}

std::string user_text(const Request& request, std::size_t limit) {
    if (!request.is_chat()) return request.prompt.substr(0, limit);
    std::string text;
    for (const Message& message : request.messages) {
        if (message.role != "user") continue;
        text += std::string_view(message.content).substr(0, limit);
        text += '\n';
    }
    return text;
}

}  // namespace scale::calibration

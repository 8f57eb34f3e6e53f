// One request of the traffic, as OpenAI's chat-completions and completions APIs write it.
//
// A line is the request body itself, or {"request": body, "response": body}; the answer is then part of the sample,
// because the model's inputs while it answers are inputs too. A transcript, {"conversations": [{"from", "value"}]} as
// ShareGPT exports it, is a chat whose last turn of the model is the answer.
// Source of the fields: the OpenAI API reference, "Create chat completion" and "Create completion".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scale::calibration {

struct Message {
    std::string role;  // "system", "user", "assistant", "tool"
    std::string content;
};

struct Request {
    std::vector<Message> messages;  // a chat; empty for a completion
    std::string prompt;             // a completion; empty for a chat
    std::string answer;             // as recorded; "" where there is none
    std::string conversation;       // what names the session or user; "" where the line names none
    bool uses_tools = false;        // declares or calls tools
    bool asks_json = false;         // by response_format

    bool is_chat() const { return !messages.empty(); }
    int user_turns() const;
};

// What a line gave: a request, or the reason why it could not be used.
struct ParsedLine {
    Request request;
    std::string refusal;  // "" for a usable request
};

// Never throws for anything a line may hold. Parts of messages that are not text (images, audio) are left out.
ParsedLine parse_request(std::string_view line);

// Roles and contents (or the prompt) without the answer: what makes two requests the same. ASCII letters in lower case,
// runs of white space as one space.
std::string normalised_text(const Request& request);

// What a person wrote: the user's messages (or the prompt), at most `limit` bytes of each, for features.
std::string user_text(const Request& request, std::size_t limit);

}  // namespace scale::calibration

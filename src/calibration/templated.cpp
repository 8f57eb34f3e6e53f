#include "calibration/templated.h"

#include <algorithm>
#include <string_view>

namespace scale::calibration {

namespace {

using core::Json;

// No tokenizer needs more bytes for a token on average, so text beyond this many bytes a token would be cut anyway.
constexpr std::size_t bytes_per_token = 32;

// The first `limit` bytes, without a broken character at the end.
std::string_view clipped(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
    return text.substr(0, limit);
}

std::vector<engine::ChatMessage> chat_of(const Json& request, std::size_t room) {
    std::vector<engine::ChatMessage> chat;
    const auto add = [&](const std::string& role, const std::string& content) {
        if (room == 0 || content.empty()) return;
        const std::string_view kept = clipped(content, room);
        chat.push_back({role, std::string(kept)});
        room -= std::min(room, std::max<std::size_t>(1, kept.size()));
    };
    for (const Json& message : request.at("messages"))
        add(message.at("role").get<std::string>(), message.at("content").get<std::string>());
    add("assistant", request.at("answer").get<std::string>());
    return chat;
}

}  // namespace

std::string templated_text(const engine::Model& model, const Json& item, std::size_t max_tokens) {
    const std::size_t room = max_tokens * bytes_per_token;
    if (item.at("messages").empty())
        return std::string(clipped(item.at("prompt").get<std::string>() + item.at("answer").get<std::string>(), room));
    const auto chat = chat_of(item, room);
    return model.apply_chat_template(chat, chat.back().role != "assistant");
}

std::vector<engine::Token> tokens_of(const engine::Model& model, const std::string& text) {
    std::vector<engine::Token> tokens = model.tokenize(text, true, true);
    if (tokens.size() < 2 || tokens[0] != tokens[1]) return tokens;
    std::vector<engine::Token> plain = model.tokenize(text, false, true);
    return plain.size() + 1 == tokens.size() && plain[0] == tokens[0] ? plain : tokens;
}

}  // namespace scale::calibration

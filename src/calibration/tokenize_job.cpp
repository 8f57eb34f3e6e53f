#include "calibration/tokenize_job.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "engine/model.h"

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

// Templates that write the beginning-of-text token themselves would give it twice.
std::vector<engine::Token> tokens_of(const engine::Model& model, const std::string& text) {
    std::vector<engine::Token> tokens = model.tokenize(text, true, true);
    if (tokens.size() < 2 || tokens[0] != tokens[1]) return tokens;
    std::vector<engine::Token> plain = model.tokenize(text, false, true);
    return plain.size() + 1 == tokens.size() && plain[0] == tokens[0] ? plain : tokens;
}

Json sequence_of(const engine::Model& model, const Json& request, std::size_t max_tokens) {
    const std::size_t room = max_tokens * bytes_per_token;
    std::string text;
    if (request.at("messages").empty()) {
        text = clipped(request.at("prompt").get<std::string>() + request.at("answer").get<std::string>(), room);
    } else {
        const auto chat = chat_of(request, room);
        text = model.apply_chat_template(chat, chat.back().role != "assistant");
    }
    std::vector<engine::Token> tokens = tokens_of(model, text);
    if (tokens.size() < 2) throw core::input_error("it has fewer than 2 tokens");
    if (tokens.size() > max_tokens) {
        tokens.resize(max_tokens);
        text = model.detokenize(tokens);
    }
    return {{"id", request.at("id")}, {"stratum", request.at("stratum")}, {"text", text}, {"tokens", tokens}};
}

}  // namespace

core::Json tokenize_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to calibration.tokenize";
    const engine::Model model(core::required<std::string>(request, "model", source), {.vocabulary_only = true});
    const auto max_tokens = core::required<std::size_t>(request, "max_tokens", source);
    const auto requests = core::required<Json>(request, "requests", source);
    Json sequences = Json::array();
    Json refused = Json::array();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        try {
            sequences.push_back(sequence_of(model, requests[i], max_tokens));
            sequences.back()["position"] = i;
        } catch (const core::Error& error) {
            refused.push_back({{"position", i}, {"reason", error.found()}});
        }
        context.progress(static_cast<double>(i + 1), static_cast<double>(requests.size()));
    }
    return {{"sequences", sequences}, {"refused", refused}, {"has_template", model.has_chat_template()}};
}

}  // namespace scale::calibration

#include "rollout/gateway/answer_observer.h"

#include <algorithm>

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::size_t longest_line = 256 << 10;
constexpr std::size_t longest_body = 1 << 20;

std::string text_member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t count_member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

// Cut between characters, so that what is kept stays valid UTF-8.
void append_capped(std::string& text, const std::string& more, std::size_t cap) {
    if (text.size() >= cap) return;
    std::size_t count = std::min(more.size(), cap - text.size());
    while (count > 0 && count < more.size() && (static_cast<unsigned char>(more[count]) & 0xc0) == 0x80) --count;
    text.append(more, 0, count);
}

}  // namespace

void AnswerObserver::feed(std::string_view piece) {
    if (!is_events_) {
        too_long_ = too_long_ || line_.size() + piece.size() > longest_body;
        if (!too_long_) line_.append(piece);
        return;
    }
    while (!piece.empty()) {
        const auto end = piece.find('\n');
        const auto part = piece.substr(0, end);
        too_long_ = too_long_ || line_.size() + part.size() > longest_line;
        if (!too_long_) line_.append(part);
        if (end == std::string_view::npos) return;
        end_line();
        piece.remove_prefix(end + 1);
    }
}

void AnswerObserver::finish() {
    if (is_events_ || too_long_) return;
    read_object(line_);
    line_.clear();
}

void AnswerObserver::end_line() {
    std::string_view line(line_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    blank_ = line.empty() && !too_long_;
    if (!too_long_ && line.starts_with("data:")) {
        line.remove_prefix(5);
        if (line.starts_with(' ')) line.remove_prefix(1);
        if (line == "[DONE]") {
            answer_.done = true;
        } else {
            ++answer_.chunks;
            read_object(line);
        }
    }
    line_.clear();
    too_long_ = false;
}

void AnswerObserver::read_object(std::string_view text) {
    const Json object = Json::parse(text, nullptr, false);
    if (!object.is_object()) return;
    if (answer_.response_id.empty()) answer_.response_id = text_member(object, "id");
    if (object.contains("error") && !object["error"].is_null()) answer_.error = true;
    if (const auto usage = object.find("usage"); usage != object.end() && usage->is_object()) {
        answer_.prompt_tokens = count_member(*usage, "prompt_tokens");
        answer_.completion_tokens = count_member(*usage, "completion_tokens");
    }
    const auto choices = object.find("choices");
    if (choices != object.end() && choices->is_array() && !choices->empty()) read_choice(choices->front());
}

void AnswerObserver::read_choice(const Json& choice) {
    if (!choice.is_object() || (choice.contains("index") && choice["index"] != 0)) return;
    if (const auto reason = text_member(choice, "finish_reason"); !reason.empty()) answer_.finish_reason = reason;
    std::string text = text_member(choice, "text");
    for (const auto* holder : {"delta", "message"}) {
        const auto found = choice.find(holder);
        if (found != choice.end() && found->is_object()) text += text_member(*found, "content");
    }
    if (text.empty()) return;
    answer_.has_content = true;
    append_capped(answer_.text, text, text_cap_);
}

}  // namespace scale::rollout

#include "rollout/gateway/answer_observer.h"

#include <algorithm>
#include <utility>

#include "rollout/json/json_cursor.h"

namespace scale::rollout {

namespace {

constexpr std::size_t longest_line = 256 << 10;
constexpr std::size_t longest_body = 1 << 20;

// What one JSON object of an answer holds, of its last members of each name.
struct AnswerObject {
    std::string id;
    bool error = false;
    std::int64_t prompt_tokens = -1;
    std::int64_t completion_tokens = -1;
    bool has_usage = false;
    std::int64_t index = 0;  // of the first choice
    std::string finish_reason;
    std::string text;
};

// Takes the value ahead whatever it is; `text` is "" where it is no string.
void take_text(JsonCursor& cursor, std::string& text) {
    text.clear();
    if (!cursor.read_string(text) && !cursor.failed()) cursor.skip();
}

void take_count(JsonCursor& cursor, std::int64_t& count) {
    count = -1;
    const bool is_number = cursor.peek() == JsonCursor::Kind::number;
    if (!cursor.read_integer(count)) count = -1;
    if (!is_number) cursor.skip();
}

void take_usage(JsonCursor& cursor, AnswerObject& object) {
    if (!cursor.enter_object()) return static_cast<void>(cursor.skip());
    object.has_usage = true;
    for (std::string_view key; cursor.next_member(key);) {
        if (key == "prompt_tokens") {
            take_count(cursor, object.prompt_tokens);
        } else if (key == "completion_tokens") {
            take_count(cursor, object.completion_tokens);
        } else {
            cursor.skip();
        }
    }
}

void take_choice(JsonCursor& cursor, AnswerObject& object) {
    if (!cursor.enter_object()) return static_cast<void>(cursor.skip());
    std::string piece;
    for (std::string_view key; cursor.next_member(key);) {
        if (key == "index") {
            take_count(cursor, object.index);
        } else if (key == "finish_reason") {
            take_text(cursor, object.finish_reason);
        } else if (key == "text") {
            take_text(cursor, piece);
            object.text += piece;
        } else if ((key == "delta" || key == "message") && cursor.enter_object()) {
            for (std::string_view inner; cursor.next_member(inner);) {
                if (inner != "content") {
                    cursor.skip();
                    continue;
                }
                take_text(cursor, piece);
                object.text += piece;
            }
        } else {
            cursor.skip();
        }
    }
}

void take_choices(JsonCursor& cursor, AnswerObject& object) {
    if (!cursor.enter_array()) return static_cast<void>(cursor.skip());
    for (bool is_first = true; cursor.next_element(); is_first = false) {
        if (is_first) {
            take_choice(cursor, object);
        } else {
            cursor.skip();
        }
    }
}

bool read_answer(std::string_view text, AnswerObject& object) {
    JsonCursor cursor(text);
    if (!cursor.enter_object()) return false;
    for (std::string_view key; cursor.next_member(key);) {
        if (key == "id") {
            take_text(cursor, object.id);
        } else if (key == "error") {
            object.error = cursor.peek() != JsonCursor::Kind::null;
            cursor.skip();
        } else if (key == "usage") {
            take_usage(cursor, object);
        } else if (key == "choices") {
            take_choices(cursor, object);
        } else {
            cursor.skip();
        }
    }
    return cursor.at_end();
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
    AnswerObject object;
    if (!read_answer(text, object)) return;
    if (answer_.response_id.empty()) answer_.response_id = std::move(object.id);
    answer_.error = answer_.error || object.error;
    if (object.has_usage) {
        answer_.prompt_tokens = object.prompt_tokens;
        answer_.completion_tokens = object.completion_tokens;
    }
    if (object.index != 0) return;
    if (!object.finish_reason.empty()) answer_.finish_reason = std::move(object.finish_reason);
    if (object.text.empty()) return;
    answer_.has_content = true;
    append_capped(answer_.text, object.text, text_cap_);
}

}  // namespace scale::rollout

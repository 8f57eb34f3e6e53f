// Reads along with an answer as it passes: counts, usage, finish reason, id and text. It never holds or changes a byte.
//
// Streams are server-sent events (WHATWG HTML §9.2.6) with one JSON object per "data:" line and "data: [DONE]" last;
// other answers are one JSON object. What is malformed or larger than its cap is passed over, never an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scale::rollout {

struct ObservedAnswer {
    std::string response_id;
    std::string finish_reason;
    std::string text;  // of the first choice, capped
    std::int64_t prompt_tokens = -1;
    std::int64_t completion_tokens = -1;
    std::int64_t chunks = 0;   // data lines with JSON
    bool has_content = false;  // a chunk with text has passed
    bool done = false;         // [DONE] has passed
    bool error = false;        // the body is or holds an error object
};

class AnswerObserver {
  public:
    AnswerObserver() = default;
    AnswerObserver(bool is_event_stream, std::size_t text_cap) : is_events_(is_event_stream), text_cap_(text_cap) {}

    void feed(std::string_view piece);
    void finish();  // at the end of the body

    bool is_event_stream() const { return is_events_; }
    // The stream stands between two events, so that another may be put in.
    bool between_events() const { return line_.empty() && !too_long_ && blank_; }
    const ObservedAnswer& answer() const { return answer_; }

  private:
    void end_line();
    void read_object(std::string_view text);

    bool is_events_ = false;
    std::size_t text_cap_ = 0;
    std::string line_;  // of a stream, what has come of the current line; of another answer, its body
    bool too_long_ = false;
    bool blank_ = true;  // the last whole line was empty
    ObservedAnswer answer_;
};

}  // namespace scale::rollout

// Takes a body out of its framing, incrementally and without copying.
#pragma once

#include <cstdint>
#include <string_view>

#include "rollout/http/head_parser.h"
#include "rollout/http/limits.h"
#include "rollout/http/message.h"

namespace scale::rollout::http {

class BodyDecoder {
  public:
    BodyDecoder() = default;
    // `cap` is the most bytes of content that the body may have; 0 for no cap.
    BodyDecoder(const Head& head, const Limits& limits, std::uint64_t cap);

    // Takes framing off the front of `input` and returns the next piece of content, a view into it. `more` with an
    // empty piece: the input is used up. `done` may come with a last piece; the rest of the input is the next message.
    struct Piece {
        Progress progress = Progress::more;
        std::string_view content;
    };
    Piece next(std::string_view& input);

    const Refusal& refusal() const { return refusal_; }  // status 400 or 413
    bool ends_with_connection() const { return framing_ == Framing::until_close; }
    std::uint64_t received() const { return received_; }

  private:
    enum class State : std::uint8_t { size, extension, size_newline, data, data_return, data_newline, trailer, done };

    Piece next_counted(std::string_view& input);
    Piece next_chunked(std::string_view& input);
    Piece refuse(int status, const char* reason);
    bool step(char c);
    bool step_size(char c);
    bool step_trailer(char c);
    bool begin_data();
    std::string_view take(std::string_view& input);

    Limits limits_;
    std::uint64_t cap_ = 0;
    Framing framing_ = Framing::none;
    State state_ = State::size;
    Refusal refusal_;
    std::uint64_t left_ = 0;  // of the chunk or the counted body
    std::uint64_t received_ = 0;
    std::size_t digits_ = 0;
    std::size_t extension_ = 0;
    // Trailers are checked like header lines and dropped.
    std::size_t trailer_bytes_ = 0;
    std::size_t trailer_count_ = 0;
    bool in_trailer_value_ = false;
    bool after_return_ = false;
    std::size_t line_bytes_ = 0;
};

}  // namespace scale::rollout::http

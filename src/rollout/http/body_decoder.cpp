#include "rollout/http/body_decoder.h"

#include <algorithm>

namespace scale::rollout::http {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

BodyDecoder::BodyDecoder(const Head& head, const Limits& limits, std::uint64_t cap)
    : limits_(limits), cap_(cap), framing_(head.framing), left_(head.content_length) {
    if (framing_ == Framing::chunked) left_ = 0;
}

BodyDecoder::Piece BodyDecoder::refuse(int status, const char* reason) {
    if (!refusal_) refusal_ = {status, reason};
    return {Progress::refused, {}};
}

BodyDecoder::Piece BodyDecoder::next(std::string_view& input) {
    if (refusal_) return {Progress::refused, {}};
    switch (framing_) {
        case Framing::none:
            return {Progress::done, {}};
        case Framing::chunked:
            return next_chunked(input);
        case Framing::length:
            return next_counted(input);
        case Framing::until_close:
            left_ = input.size();
            return {Progress::more, take(input)};
    }
    return {Progress::done, {}};
}

std::string_view BodyDecoder::take(std::string_view& input) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    const std::string_view content = input.substr(0, count);
    input.remove_prefix(count);
    left_ -= count;
    received_ += count;
    return content;
}

BodyDecoder::Piece BodyDecoder::next_counted(std::string_view& input) {
    const std::string_view content = take(input);
    return {left_ == 0 ? Progress::done : Progress::more, content};
}

BodyDecoder::Piece BodyDecoder::next_chunked(std::string_view& input) {
    while (!input.empty() && state_ != State::done) {
        if (state_ == State::data) {
            const std::string_view content = take(input);
            if (left_ == 0) state_ = State::data_return;
            return {Progress::more, content};
        }
        if (!step(input.front())) return {Progress::refused, {}};
        input.remove_prefix(1);
    }
    return {state_ == State::done ? Progress::done : Progress::more, {}};
}

// One byte of framing; false where it was refused.
bool BodyDecoder::step(char c) {
    switch (state_) {
        case State::size:
            return step_size(c);
        case State::extension:
            if (c == '\r') {
                state_ = State::size_newline;
            } else if (++extension_ > limits_.chunk_extension) {
                refuse(400, "a chunk extension is too long");
            } else if (!is_field_value({&c, 1})) {
                refuse(400, "a control character in a chunk extension");
            }
            return !refusal_;
        case State::size_newline:
            if (c != '\n') refuse(400, "a chunk size line ends without line feed");
            return !refusal_ && begin_data();
        case State::data_return:
            if (c != '\r') refuse(400, "a chunk is longer than its size");
            state_ = State::data_newline;
            return !refusal_;
        case State::data_newline:
            if (c != '\n') refuse(400, "a chunk ends without line feed");
            state_ = State::size;
            digits_ = 0;
            return !refusal_;
        case State::trailer:
            return step_trailer(c);
        case State::data:
        case State::done:
            break;
    }
    return false;
}

bool BodyDecoder::step_size(char c) {
    const int digit = hex_value(c);
    if (digit >= 0) {
        if (++digits_ > limits_.chunk_digits) refuse(400, "a chunk size has too many digits");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    } else if (digits_ == 0) {
        refuse(400, "a chunk size is not a number");
    } else if (c == '\r') {
        state_ = State::size_newline;
    } else if (c == ';') {
        state_ = State::extension;
        extension_ = 0;
    } else {
        refuse(400, "a chunk size is not a number");
    }
    return !refusal_;
}

bool BodyDecoder::begin_data() {
    if (left_ == 0) {
        state_ = State::trailer;
        return true;
    }
    if (cap_ != 0 && left_ > cap_ - received_) refuse(413, "the request body is too large");
    state_ = State::data;
    return !refusal_;
}

bool BodyDecoder::step_trailer(char c) {
    if (++trailer_bytes_ > limits_.header_bytes) refuse(431, "the trailer fields are too large");
    if (after_return_) {
        if (c != '\n') refuse(400, "a carriage return within a trailer line");
        if (line_bytes_ == 0) state_ = State::done;
        if (line_bytes_ != 0 && !in_trailer_value_) refuse(400, "a trailer line is not 'name: value'");
        if (line_bytes_ != 0 && ++trailer_count_ > limits_.header_count) refuse(431, "too many trailer fields");
        after_return_ = in_trailer_value_ = false;
        line_bytes_ = 0;
        return !refusal_;
    }
    if (c == '\r') {
        after_return_ = true;
        return !refusal_;
    }
    if (in_trailer_value_) {
        if (!is_field_value({&c, 1})) refuse(400, "a control character in a trailer value");
    } else if (c == ':' && line_bytes_ != 0) {
        in_trailer_value_ = true;
    } else if (!is_token({&c, 1})) {
        refuse(400, "a trailer line is not 'name: value'");
    }
    ++line_bytes_;
    return !refusal_;
}

}  // namespace scale::rollout::http

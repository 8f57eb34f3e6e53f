#include "calibration/source/cutter.h"

#include <algorithm>

namespace scale::calibration {

namespace {

constexpr std::size_t kept_capacity = std::size_t{2} << 20;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class LineCutter : public Cutter {
  public:
    using Cutter::Cutter;
    void feed(std::string_view chunk) override {
        while (!chunk.empty()) {
            const auto end = chunk.find('\n');
            hold(chunk.substr(0, end));
            if (end == std::string_view::npos) return;
            finish(1);
            chunk.remove_prefix(end + 1);
        }
    }
    void end() override {
        if (length() > 0) finish(0);
    }

  private:
    void finish(std::uint64_t newline) {
        const std::uint64_t next = offset_ + length() + newline;
        hand_out(++number_);
        offset_ = next;
    }
    std::uint64_t number_ = 0;
};

class BlockCutter : public Cutter {
  public:
    using Cutter::Cutter;
    void feed(std::string_view chunk) override {
        while (!chunk.empty()) {
            const auto end = chunk.find('\n');
            const std::string_view part = chunk.substr(0, end);
            blank_ = blank_ && is_blank(part);
            hold(end == std::string_view::npos ? part : chunk.substr(0, end + 1));
            if (end == std::string_view::npos) return;
            if (blank_) finish();
            blank_ = true;
            chunk.remove_prefix(end + 1);
        }
    }
    void end() override { finish(); }

  private:
    void finish() {
        const std::uint64_t next = offset_ + length();
        hand_out(number_ + 1);
        number_ = pieces();
        offset_ = next;
    }
    bool blank_ = true;  // the line at hand, so far
    std::uint64_t number_ = 0;
};

// Follows strings and brackets only; whether an element is valid JSON is for its parser to say.
class ElementCutter : public Cutter {
  public:
    using Cutter::Cutter;
    void feed(std::string_view chunk) override {
        std::size_t begin = 0;  // of the part of the element that lies in this chunk
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            if (depth_ == 0) {
                if (chunk[i] == '[' && !closed_) depth_ = 1;
                begin = i + 1;
                if (depth_ == 1) offset_ = done_ + begin;
                continue;
            }
            if (!at_end(chunk[i])) continue;
            hold(chunk.substr(begin, i - begin));
            finish(done_ + i + 1);
            begin = i + 1;
        }
        if (depth_ > 0) hold(chunk.substr(std::min(begin, chunk.size())));
        done_ += chunk.size();
    }
    void end() override {
        if (depth_ > 0) finish(done_);
    }

  private:
    bool at_end(char c) {
        if (in_string_) {
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                in_string_ = false;
            return false;
        }
        if (c == '"') in_string_ = true;
        if (c == '[' || c == '{') ++depth_;
        if (c == ']' || c == '}') --depth_;
        if (depth_ == 0) closed_ = true;
        return depth_ == 0 || (depth_ == 1 && c == ',');
    }
    void finish(std::uint64_t next) {
        hand_out(pieces() + 1);
        offset_ = next;
    }
    std::uint64_t done_ = 0;
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool closed_ = false;
};

}  // namespace

void Cutter::hold(std::string_view part) {
    length_ += part.size();
    if (length_ <= max_line) held_.append(part);
    held_peak_ = std::max(held_peak_, held_.size());
}

void Cutter::hand_out(std::uint64_t number) {
    std::string_view piece = held_;
    Place place;
    place.number = number;
    place.offset = offset_;
    if (offset_ == 0 && piece.starts_with(byte_order_mark)) {
        place.offset = byte_order_mark.size();
        piece.remove_prefix(byte_order_mark.size());
    }
    const bool too_long = length_ > max_line;
    while (!piece.empty() && (piece.back() == '\r' || piece.back() == '\n')) piece.remove_suffix(1);
    place.length = too_long ? length_ : piece.size();
    if (too_long || !is_blank(piece)) {
        ++pieces_;
        sink_(place, too_long ? std::string_view() : piece, too_long);
    }
    length_ = 0;
    held_.clear();
    if (held_.capacity() > kept_capacity) held_.shrink_to_fit();
}

std::unique_ptr<Cutter> make_cutter(Container container, Cutter::Sink sink) {
    if (container == Container::blocks) return std::make_unique<BlockCutter>(std::move(sink));
    if (container == Container::array) return std::make_unique<ElementCutter>(std::move(sink));
    return std::make_unique<LineCutter>(std::move(sink));
}

}  // namespace scale::calibration

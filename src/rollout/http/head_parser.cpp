#include "rollout/http/head_parser.h"

#include <algorithm>
#include <cstring>

namespace scale::rollout::http {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Characters of a URI's path and query (RFC 3986); anything else must come percent-encoded.
bool is_target(std::string_view target) {
    static constexpr std::string_view excluded = "\"#<>\\^`{|}";
    return std::all_of(target.begin(), target.end(),
                       [](char c) { return c > 0x20 && c < 0x7f && excluded.find(c) == std::string_view::npos; });
}

std::string_view without_space_around(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// A tabulator around their values is white space for some, and part of the value for others.
bool is_framing(std::string_view name) {
    return same_name(name, "content-length") || same_name(name, "transfer-encoding");
}

}  // namespace

void HeadParser::reset() {
    head_ = Head{};
    refusal_ = Refusal{};
    no_body_ = false;
    text_.clear();
    line_start_ = 0;
    first_line_end_ = 0;
    header_count_ = 0;
    skipped_empty_line_ = false;
}

Progress HeadParser::refuse(int status, const char* reason) {
    if (!refusal_) refusal_ = {kind_ == Kind::request ? status : 502, reason};
    return Progress::refused;
}

// A line is judged only once its end is known or it has outgrown its cap, and the cap comes first in both cases: so
// the outcome is the same however the bytes arrive.
Progress HeadParser::feed(std::string_view& input) {
    if (refusal_) return Progress::refused;
    while (!input.empty()) {
        const auto* newline = static_cast<const char*>(std::memchr(input.data(), '\n', input.size()));
        const std::size_t count =
            newline != nullptr ? static_cast<std::size_t>(newline - input.data()) + 1 : input.size();
        const bool in_first_line = first_line_end_ == 0;
        const std::size_t start = in_first_line ? line_start_ : first_line_end_;
        const std::size_t cap = in_first_line ? limits_.first_line : limits_.header_bytes;
        if (text_.size() - start + count > cap + 2)
            return in_first_line ? refuse(414, "the request line is too long")
                                 : refuse(431, "the header fields are too large");
        text_.append(input.substr(0, count));
        input.remove_prefix(count);
        if (newline == nullptr) return Progress::more;
        const bool is_end = !in_first_line && text_.size() - line_start_ == 2 && text_[line_start_] == '\r';
        if (!end_line()) return Progress::refused;
        if (is_end) return finish() ? Progress::done : Progress::refused;
    }
    return Progress::more;
}

bool HeadParser::end_line() {
    const std::string_view line(text_.data() + line_start_, text_.size() - line_start_ - 1);
    if (line.empty() || line.back() != '\r') {
        refuse(400, "a line ends without carriage return");
        return false;
    }
    const std::string_view content = line.substr(0, line.size() - 1);
    if (content.find('\r') != std::string_view::npos) {
        refuse(400, "a carriage return within a line");
        return false;
    }
    if (first_line_end_ == 0) {
        if (content.empty() && kind_ == Kind::request && !skipped_empty_line_) {
            skipped_empty_line_ = true;  // RFC 9112 §2.2: one empty line before a request is passed over
            text_.clear();
            return true;
        }
        if (!read_first_line(content)) return false;
        first_line_end_ = text_.size();
    } else if (!content.empty()) {
        if (++header_count_ > limits_.header_count) {
            refuse(431, "too many header fields");
            return false;
        }
        if (!read_header_line(content)) return false;
    }
    line_start_ = text_.size();
    return true;
}

bool HeadParser::read_first_line(std::string_view line) {
    return kind_ == Kind::request ? read_request_line(line) : read_status_line(line);
}

bool HeadParser::read_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        refuse(400, "the request line is not 'method target version'");
        return false;
    }
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method)) {
        refuse(400, "the method is not a token");
        return false;
    }
    if (target.empty() || target.front() != '/' || !is_target(target)) {
        refuse(400, "the request target is not a path");
        return false;
    }
    if (method == "CONNECT") {  // some read a body behind it, others a tunnel
        refuse(400, "CONNECT takes no path");
        return false;
    }
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7])) {
        refuse(400, "the request line does not end in an HTTP version");
        return false;
    }
    if (version[5] != '1' || version[7] > '1') {
        refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        return false;
    }
    head_.minor_version = version[7] - '0';
    return true;
}

bool HeadParser::read_status_line(std::string_view line) {
    const bool well_formed = line.size() >= 12 && line.starts_with("HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
                             line[8] == ' ' && line[9] >= '1' && line[9] <= '5' && is_digit(line[10]) &&
                             is_digit(line[11]) && (line.size() == 12 || line[12] == ' ');
    if (!well_formed || !is_field_value(line)) {
        refuse(502, "the status line is malformed");
        return false;
    }
    head_.minor_version = line[7] - '0';
    head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    return true;
}

bool HeadParser::read_header_line(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') {
        refuse(400, "a folded header line");
        return false;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        refuse(400, "a header line is not 'name: value'");
        return false;
    }
    if (!is_field_value(line.substr(colon + 1))) {
        refuse(400, "a control character in a header value");
        return false;
    }
    if (is_framing(line.substr(0, colon)) && line.find('\t', colon) != std::string_view::npos) {
        refuse(400, "a tabulator in a field of framing");
        return false;
    }
    return true;
}

// Only now the text no longer moves, so the views are made here.
bool HeadParser::finish() {
    std::string_view rest(text_);
    if (kind_ == Kind::request) {
        const auto line = rest.substr(0, first_line_end_ - 2);
        const auto first = line.find(' ');
        head_.method = line.substr(0, first);
        head_.target = line.substr(first + 1, line.rfind(' ') - first - 1);
    }
    rest.remove_prefix(first_line_end_);
    head_.headers.reserve(header_count_);
    while (rest.size() > 2) {
        const auto end = rest.find('\r');
        const auto line = rest.substr(0, end);
        const auto colon = line.find(':');
        head_.headers.push_back({line.substr(0, colon), without_space_around(line.substr(colon + 1))});
        rest.remove_prefix(end + 2);
    }
    const Refusal refusal =
        kind_ == Kind::request ? read_request_framing(head_, limits_) : read_response_framing(head_, no_body_);
    if (refusal) refuse(refusal.status, refusal.reason);
    return !refusal;
}

}  // namespace scale::rollout::http

// Where a message's body ends (RFC 9112 §6.3), with every ambiguous case refused.
#include <algorithm>
#include <charconv>

#include "rollout/http/head_parser.h"

namespace scale::rollout::http {

namespace {

struct FramingHeaders {
    std::size_t lengths = 0;
    std::size_t encodings = 0;
    std::size_t hosts = 0;
    std::string_view length;
    std::string_view encoding;
    std::string_view host;
    bool close = false;
    bool keep_alive = false;
};

FramingHeaders collect(const Head& head) {
    FramingHeaders found;
    for (const auto& [name, value] : head.headers) {
        if (same_name(name, "content-length")) {
            ++found.lengths;
            found.length = value;
        } else if (same_name(name, "transfer-encoding")) {
            ++found.encodings;
            found.encoding = value;
        } else if (same_name(name, "host")) {
            ++found.hosts;
            found.host = value;
        } else if (same_name(name, "connection")) {
            for_each_element(value, [&](std::string_view option) {
                found.close |= same_name(option, "close");
                found.keep_alive |= same_name(option, "keep-alive");
            });
        }
    }
    return found;
}

Refusal read_length(Head& head, std::string_view text) {
    // 18 digits cannot overflow 64 bits.
    const bool digits = !text.empty() && text.size() <= 18 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return {400, "Content-Length is not a number"};
    std::from_chars(text.data(), text.data() + text.size(), head.content_length);
    head.framing = head.content_length == 0 ? Framing::none : Framing::length;
    return {};
}

// Shared by both directions: leaves framing at none where neither header is there.
Refusal read_common(Head& head, const FramingHeaders& found) {
    head.keep_alive = !found.close && (head.minor_version == 1 || found.keep_alive);
    if (found.lengths > 1) return {400, "Content-Length is repeated"};
    if (found.encodings != 0 && found.lengths != 0) return {400, "both Transfer-Encoding and Content-Length"};
    if (found.encodings != 0 && head.minor_version == 0) return {400, "Transfer-Encoding under HTTP/1.0"};
    if (found.encodings > 1) return {400, "Transfer-Encoding is repeated"};
    if (found.encodings == 1) {
        if (!same_name(found.encoding, "chunked")) return {501, "a Transfer-Encoding other than chunked"};
        head.framing = Framing::chunked;
        return {};
    }
    return found.lengths == 1 ? read_length(head, found.length) : Refusal{};
}

bool is_host(std::string_view host) {
    static constexpr std::string_view allowed = "-._~%!$&'()*+,;=:[]";
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               allowed.find(c) != std::string_view::npos;
    });
}

Refusal read_expectation(Head& head) {
    for (const auto& [name, value] : head.headers) {
        if (!same_name(name, "expect") || head.minor_version == 0) continue;
        if (!same_name(value, "100-continue")) return {417, "an expectation other than 100-continue"};
        head.expects_continue = true;
    }
    return {};
}

}  // namespace

Refusal read_request_framing(Head& head, const Limits& limits) {
    const FramingHeaders found = collect(head);
    if (found.hosts > 1) return {400, "Host is repeated"};
    if (found.hosts == 0 && head.minor_version == 1) return {400, "no Host"};
    if (found.hosts == 1 && !is_host(found.host)) return {400, "Host is not a host"};
    if (const Refusal refusal = read_common(head, found)) return refusal;
    if (head.framing == Framing::length && head.content_length > limits.body)
        return {413, "the request body is too large"};
    return read_expectation(head);
}

Refusal read_response_framing(Head& head, bool no_body) {
    const FramingHeaders found = collect(head);
    if (head.status == 101) return {502, "the server switched protocols unasked"};
    const Refusal refusal = read_common(head, found);
    if (refusal) return refusal;
    if (no_body || head.status < 200 || head.status == 204 || head.status == 304) {
        head.framing = Framing::none;
    } else if (found.lengths == 0 && found.encodings == 0) {
        head.framing = Framing::until_close;
        head.keep_alive = false;
    }
    return {};
}

}  // namespace scale::rollout::http

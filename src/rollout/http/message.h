// Heads of HTTP/1.1 messages (RFC 9110, RFC 9112), as the parser hands them out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace scale::rollout::http {

// Views into the parser's buffer: valid until its next reset.
struct Header {
    std::string_view name;
    std::string_view value;  // without the white space around it
};

enum class Framing : std::uint8_t {
    none,         // no body
    length,       // Content-Length
    chunked,      // Transfer-Encoding: chunked
    until_close,  // a response that ends with the connection
};

struct Head {
    // Of a request.
    std::string_view method;
    std::string_view target;  // begins with '/'
    bool expects_continue = false;
    // Of a response.
    int status = 0;

    int minor_version = 1;  // HTTP/1.x
    std::vector<Header> headers;
    Framing framing = Framing::none;
    std::uint64_t content_length = 0;
    bool keep_alive = true;  // what the peer allows after this message

    // The first header of that name (in any case); "" where there is none.
    std::string_view header(std::string_view name) const;
    std::string_view path() const { return target.substr(0, target.find('?')); }
};

// Why a message was refused. `status` is the answer for a client; 502 stands for a server's response.
struct Refusal {
    int status = 0;  // 0: none
    const char* reason = "";
    explicit operator bool() const { return status != 0; }
};

bool same_name(std::string_view a, std::string_view b);  // ASCII, in any case
bool is_token(std::string_view text);                    // RFC 9110 §5.6.2
bool is_field_value(std::string_view text);              // no control character but the tabulator

// Calls `visit` for each comma-separated element, trimmed; empty ones are left out.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto element = list.substr(0, comma);
        while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
        while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
        if (!element.empty()) visit(element);
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace scale::rollout::http

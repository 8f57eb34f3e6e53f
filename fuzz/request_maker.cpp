#include "request_maker.h"

#include <string_view>
#include <vector>

namespace scale::fuzz {

namespace {

// The first word is the usual one and comes most of the time.
std::string_view draw(std::minstd_rand& random, const std::vector<std::string_view>& words) {
    if (random() % 8 != 0) return words.front();
    return words[random() % words.size()];
}

std::string_view line_end(std::minstd_rand& random) {
    if (random() % 128 != 0) return "\r\n";
    return draw(random, {"\n", "\r", "\r\r\n", " \r\n", "\r\n ", "\n\r"});
}

std::string field(std::minstd_rand& random, std::string_view name, std::string_view value) {
    std::string line(name);
    if (random() % 64 == 0) line += draw(random, {" ", "\t", "\x0b"});
    line += ':';
    if (random() % 4 != 0) line += draw(random, {" ", "", "\t", "  ", " \t "});
    line += value;
    if (random() % 16 == 0) line += draw(random, {" ", "\t", "\x0b", ",", ";"});
    line += line_end(random);
    return line;
}

std::string chunks(std::minstd_rand& random) {
    static constexpr std::string_view content =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string body;
    for (std::size_t i = random() % 4; i > 0; --i) {
        const std::size_t size = random() % 40 + 1;
        if (random() % 8 == 0) body += "00";
        if (size >= 16) body += digits[size / 16];
        body += digits[size % 16];
        if (random() % 6 == 0)
            body += draw(random, {";a=b", ";a", " ;a=b", "; a=\"b;c\"", ";a=b;c", " ", ";", "x", "_"});
        body += line_end(random);
        body += content.substr(0, size - (random() % 64 == 0 ? 1 : 0));
        body += line_end(random);
    }
    body += draw(random, {"0", "000", "0;a=b", "-0", "0x0", "00000000000000000000"});
    body += line_end(random);
    if (random() % 8 == 0) body += field(random, draw(random, {"X", "Content-Length", "Transfer-Encoding"}), "1");
    return body + std::string(line_end(random));
}

std::string make_request(std::minstd_rand& random) {
    std::string text(random() % 32 == 0 ? "\r\n" : "");
    text +=
        draw(random, {"POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PRI", "post", "M-SEARCH", "X"});
    text += random() % 64 == 0 ? draw(random, {"  ", "\t"}) : " ";
    text += draw(random, {"/v1/chat/completions", "/", "/v1/models?x=%20", "*", "http://a/", "a:80", "//a/b",
                          "/\xc3\xa9", "/a b", "/a#b", "/../x"});
    text += random() % 64 == 0 ? draw(random, {"  ", "\t"}) : " ";
    text += random() % 16 == 0 ? draw(random, {"HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "http/1.1", "HTTP/1.1 "})
                               : "HTTP/1.1";
    text += line_end(random);
    if (random() % 32 != 0)
        text += field(random, "Host", draw(random, {"a", "127.0.0.1:8080", "a, b", "[::1]", "a/b"}));
    const auto others = random() % 4;
    for (std::size_t i = 0; i < others; ++i) {
        switch (random() % 5) {
            case 0:
                text += field(random, "Connection",
                              draw(random, {"keep-alive", "close", "Upgrade", "close, keep-alive", "x-session-id",
                                            "Content-Length", "te, close"}));
                break;
            case 1:
                text += field(random, draw(random, {"Upgrade", "TE", "Trailer", "Keep-Alive"}),
                              draw(random, {"websocket", "trailers", "h2c", "x"}));
                break;
            case 2:
                text += field(random, "Expect", draw(random, {"100-continue", "200-ok", "100-Continue"}));
                break;
            case 3:
                text +=
                    field(random, draw(random, {"X-Session-Id", "X-Scale-Arm", "Content-Type", "X-Request-Id", "A b"}),
                          draw(random, {"s", "", "candidate",
                                        "a\x01"
                                        "b",
                                        "\xc3\xa9", "a\tb"}));
                break;
            default:
                text += field(random, "Authorization", draw(random, {"Bearer k", "Bearer  k", "Basic eA=="}));
        }
    }
    const auto framing = random() % 8;
    const std::string length = std::to_string(random() % 30);
    if (framing < 3) {
        const std::string stated =
            random() % 8 == 0 ? draw(random, {"+", "0", "0x", "-", " ", "1 ", "_"}).data() + length : length;
        text += field(random, draw(random, {"Content-Length", "content-length", "Content_Length", "CONTENT-LENGTH"}),
                      stated);
        if (random() % 16 == 0) text += field(random, "Content-Length", length);
    } else if (framing < 6) {
        text += field(random, draw(random, {"Transfer-Encoding", "transfer-encoding", "Transfer_Encoding"}),
                      draw(random, {"chunked", "Chunked", "gzip, chunked", "chunked, gzip", "identity", "xchunked",
                                    "chunked, chunked", "\"chunked\""}));
        if (random() % 16 == 0) text += field(random, "Content-Length", length);
        if (random() % 32 == 0) text += field(random, "Transfer-Encoding", "chunked");
    }
    text += line_end(random);
    if (framing < 3) return text + std::string(std::stoul(length), 'x');
    return framing < 6 ? text + chunks(random) : text;
}

}  // namespace

std::string make_requests(std::minstd_rand& random, std::size_t most_bytes) {
    std::string text;
    for (auto left = random() % 4 + 1; left > 0; --left) text += make_request(random);
    if (random() % 8 == 0 && !text.empty()) text[random() % text.size()] = static_cast<char>(random());
    return text.substr(0, most_bytes);
}

}  // namespace scale::fuzz

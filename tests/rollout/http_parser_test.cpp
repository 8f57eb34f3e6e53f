// The parser's contract is the table: every ambiguous message and the answer it gets, the same at every split.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"

namespace scale::rollout::http {
namespace {

struct Parsed {
    int refused = 0;    // status
    std::string first;  // method and target, or the status
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool complete = false;
    std::string rest;

    bool operator==(const Parsed&) const = default;
};

Parsed parse_pieces(HeadParser::Kind kind, const std::vector<std::string_view>& pieces, const Limits& limits) {
    Parsed parsed;
    HeadParser parser(kind, limits);
    BodyDecoder decoder;
    bool in_body = false;
    for (std::string_view piece : pieces) {
        if (parsed.complete || parsed.refused != 0) {
            if (parsed.complete) parsed.rest += piece;
            continue;
        }
        if (!in_body) {
            const Progress progress = parser.feed(piece);
            if (progress == Progress::refused) parsed.refused = parser.refusal().status;
            if (progress != Progress::done) continue;
            in_body = true;
            const Head& head = parser.head();
            parsed.first = kind == HeadParser::Kind::request ? std::string(head.method) + " " + std::string(head.target)
                                                             : std::to_string(head.status);
            for (const auto& [name, value] : head.headers) parsed.headers.emplace_back(name, value);
            decoder = BodyDecoder(head, limits, kind == HeadParser::Kind::request ? limits.body : 0);
        }
        for (;;) {
            const auto [progress, content] = decoder.next(piece);
            parsed.body += content;
            parsed.complete = progress == Progress::done;
            if (progress == Progress::refused) parsed.refused = decoder.refusal().status;
            if (progress != Progress::more || piece.empty()) break;
        }
        if (parsed.complete) parsed.rest += piece;
    }
    return parsed;
}

Parsed parse_request(std::string_view text, const Limits& limits = {}) {
    return parse_pieces(HeadParser::Kind::request, {text}, limits);
}
Parsed parse_response(std::string_view text) {
    return parse_pieces(HeadParser::Kind::response, {text}, {});
}

// Whole, split in two at every place, and byte by byte: all the same.
void expect_same_at_every_split(HeadParser::Kind kind, std::string_view text, const Limits& limits = {}) {
    const Parsed whole = parse_pieces(kind, {text}, limits);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
    EXPECT_EQ(parse_pieces(kind, bytes, limits), whole) << "byte by byte: " << text;
    for (std::size_t i = 0; i <= text.size(); ++i)
        ASSERT_EQ(parse_pieces(kind, {text.substr(0, i), text.substr(i)}, limits), whole)
            << "split at " << i << ": " << text;
}

struct Case {
    const char* what;
    std::string text;
    int status;  // 0: accepted
};

std::string post(const std::string& headers, const std::string& body = "") {
    return "POST /v1/x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

const std::vector<Case>& request_cases() {
    static const std::vector<Case> cases = {
        {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
        {"one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        {"CR within a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
        {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
        {"CR within the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
        {"folded with a tabulator", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400},
        {"space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"space before the colon of Content-Length", post("Content-Length : 5\r\n", "hello"), 400},
        {"no colon", "GET / HTTP/1.1\r\nHost a\r\n\r\n", 400},
        {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
        {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 35), 400},
        {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
        {"vertical tab around chunked",
         post("Transfer-Encoding: \x0b"
              "chunked\r\n"),
         400},
        {"high bytes in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", 0},
        {"tabulator in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", 0},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"Host with user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"absolute-form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"authority-form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT with a path and a body", "CONNECT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400},
        {"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"tabulators in the request line", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"high byte in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"backslash in the target", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"HTTP/0.9", "GET /\r\nHost: a\r\n\r\n", 400},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"http in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"a body by length", post("Content-Length: 5\r\n", "hello"), 0},
        {"length 0", post("Content-Length: 0\r\n"), 0},
        {"leading zeros", post("Content-Length: 005\r\n", "hello"), 0},
        {"length repeated, the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400},
        {"length repeated, different", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400},
        {"length as a list", post("Content-Length: 5, 5\r\n", "hello"), 400},
        {"length with a sign", post("Content-Length: +5\r\n", "hello"), 400},
        {"negative length", post("Content-Length: -5\r\n", "hello"), 400},
        {"length in hexadecimal", post("Content-Length: 0x5\r\n", "hello"), 400},
        {"length with a tabulator before", post("Content-Length:\t5\r\n", "hello"), 400},
        {"length with a tabulator behind", post("Content-Length: 5\t\r\n", "hello"), 400},
        {"encoding with a tabulator behind",
         post("Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\t\r\n", "0\r\n\r\n"), 400},
        {"length with a space within", post("Content-Length: 1 0\r\n", "hello"), 400},
        {"empty length", post("Content-Length:\r\n"), 400},
        {"overflowing length", post("Content-Length: 18446744073709551621\r\n", "hello"), 400},
        {"length above the cap", post("Content-Length: 16777217\r\n"), 413},
        {"length and encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"encoding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
        {"chunked", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), 0},
        {"chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 0},
        {"gzip", post("Transfer-Encoding: gzip\r\n"), 501},
        {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
        {"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
        {"identity", post("Transfer-Encoding: identity\r\n"), 501},
        {"xchunked", post("Transfer-Encoding: xchunked\r\n"), 501},
        {"chunked in quotes", post("Transfer-Encoding: \"chunked\"\r\n"), 501},
        {"chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n"), 501},
        {"empty encoding", post("Transfer-Encoding:\r\n"), 501},
        {"encoding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"encoding twice, one identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
        {"chunked under HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"chunk size with a sign", post("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk size with 0x", post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk size with a space behind", post("Transfer-Encoding: chunked\r\n", "5 \r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk size with a space before", post("Transfer-Encoding: chunked\r\n", " 5\r\nhello\r\n0\r\n\r\n"), 400},
        {"empty chunk size", post("Transfer-Encoding: chunked\r\n", "\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk size of nine digits", post("Transfer-Encoding: chunked\r\n", "000000005\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk size above the cap", post("Transfer-Encoding: chunked\r\n", "1000001\r\n"), 413},
        {"bare LF behind the chunk size", post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), 400},
        {"bare LF behind a chunk", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\n0\r\n\r\n"), 400},
        {"chunk longer than its size", post("Transfer-Encoding: chunked\r\n", "4\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk shorter than its size", post("Transfer-Encoding: chunked\r\n", "6\r\nhello\r\n0\r\n\r\n"), 400},
        {"chunk extension", post("Transfer-Encoding: chunked\r\n", "5;a=\"b c\"\r\nhello\r\n0;z\r\n\r\n"), 0},
        {"bare LF in an extension", post("Transfer-Encoding: chunked\r\n", "5;a\nhello\r\n0\r\n\r\n"), 400},
        {"CR in an extension", post("Transfer-Encoding: chunked\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n"), 400},
        {"endless extension",
         post("Transfer-Encoding: chunked\r\n", "5;" + std::string(300, 'a') + "\r\nhello\r\n0\r\n\r\n"), 400},
        {"trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nX-Sum: 1\r\nY: \r\n\r\n"), 0},
        {"folded trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nX: 1\r\n 2\r\n\r\n"), 400},
        {"trailer without a colon", post("Transfer-Encoding: chunked\r\n", "0\r\nX\r\n\r\n"), 400},
        {"trailer with bare LF", post("Transfer-Encoding: chunked\r\n", "0\r\nX: 1\n\r\n"), 400},
        {"trailer with a space before the colon", post("Transfer-Encoding: chunked\r\n", "0\r\nX : 1\r\n\r\n"), 400},
        {"endless trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(40000, 'a') + "\r\n\r\n"),
         431},
        {"unknown expectation", post("Expect: 200-ok\r\nContent-Length: 0\r\n"), 417},
    };
    return cases;
}

TEST(HttpParser, AnswersEveryAmbiguousRequestAsTheTableSays) {
    for (const auto& [what, text, status] : request_cases()) {
        const Parsed parsed = parse_request(text);
        EXPECT_EQ(parsed.refused, status) << what;
        EXPECT_EQ(parsed.complete, status == 0) << what;
    }
}

TEST(HttpParser, GivesTheSameAtEverySplit) {
    for (const auto& [what, text, status] : request_cases())
        if (text.size() < 1000) expect_same_at_every_split(HeadParser::Kind::request, text + "GET /next");
}

TEST(HttpParser, CapsLinesFieldsAndTheirNumber) {
    const auto with_target = [](std::size_t size) {
        return "GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    EXPECT_EQ(parse_request(with_target(8192 - 14)).refused, 0);
    EXPECT_EQ(parse_request(with_target(8192 - 13)).refused, 414);
    std::string many;
    for (int i = 0; i < 99; ++i) many += "X: 1\r\n";
    EXPECT_EQ(parse_request(post(many)).refused, 0);  // with Host: 100
    EXPECT_EQ(parse_request(post(many + "X: 1\r\n")).refused, 431);
    EXPECT_EQ(parse_request(post("X: " + std::string(33000, 'a') + "\r\n")).refused, 431);
    Limits small;
    small.first_line = 30;
    small.header_bytes = 40;
    for (std::size_t size = 1; size < 40; ++size) {
        expect_same_at_every_split(HeadParser::Kind::request, with_target(size), small);
        expect_same_at_every_split(HeadParser::Kind::request, post("X: " + std::string(size, 'a') + "\r\n"), small);
    }
    // A line that never ends is refused once it is too long, not kept.
    HeadParser parser(HeadParser::Kind::request, {});
    Progress progress = Progress::more;
    std::size_t fed = 0;
    while (progress == Progress::more && fed < 100000) {
        std::string_view piece = "aaaaaaaaaa";
        progress = parser.feed(piece);
        fed += 10;
    }
    EXPECT_EQ(parser.refusal().status, 414);
    EXPECT_LE(fed, std::size_t{8300});
}

TEST(HttpParser, ReadsWhatIsThere) {
    const Parsed parsed = parse_request(
        "POST /v1/chat?x=1 HTTP/1.1\r\nHOST: a:80\r\nX-A:  b c \t\r\nEmpty:\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET /two");
    EXPECT_EQ(parsed.first, "POST /v1/chat?x=1");
    const std::vector<std::pair<std::string, std::string>> headers = {
        {"HOST", "a:80"}, {"X-A", "b c"}, {"Empty", ""}, {"Transfer-Encoding", "chunked"}};
    EXPECT_EQ(parsed.headers, headers);
    EXPECT_EQ(parsed.body, "abc0123456789");
    EXPECT_TRUE(parsed.complete);
    EXPECT_EQ(parsed.rest, "GET /two");
}

TEST(HttpParser, CountsTheChunksAgainstTheCap) {
    Limits limits;
    limits.body = 10;
    const std::string head = post("Transfer-Encoding: chunked\r\n");
    EXPECT_EQ(parse_request(head + "6\r\nabcdef\r\n4\r\nabcd\r\n0\r\n\r\n", limits).refused, 0);
    EXPECT_EQ(parse_request(head + "6\r\nabcdef\r\n5\r\nabcde\r\n0\r\n\r\n", limits).refused, 413);
}

bool keeps_alive(std::string_view text) {
    HeadParser parser(HeadParser::Kind::request, {});
    parser.feed(text);
    return parser.head().keep_alive;
}

TEST(HttpParser, ReadsConnectionAndExpect) {
    EXPECT_TRUE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
    EXPECT_FALSE(keeps_alive("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
    EXPECT_TRUE(keeps_alive("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
    HeadParser parser(HeadParser::Kind::request, {});
    std::string_view text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n";
    EXPECT_EQ(parser.feed(text), Progress::done);
    EXPECT_TRUE(parser.head().expects_continue);
}

const std::vector<Case>& response_cases() {
    static const std::vector<Case> cases = {
        {"by length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0},
        {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0},
        {"no space behind the status", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 0},
        {"204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", 0},
        {"304 has no body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 0},
        {"length and encoding", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         502},
        {"length repeated", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 502},
        {"gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 502},
        {"chunked under HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502},
        {"switching protocols", "HTTP/1.1 101 Switching\r\n\r\n", 502},
        {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", 502},
        {"status 600", "HTTP/1.1 600 OK\r\n\r\n", 502},
        {"status with a letter", "HTTP/1.1 2x0 OK\r\n\r\n", 502},
        {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", 502},
        {"an empty line before", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 502},
        {"HTTP/2", "HTTP/2 200\r\n\r\n", 502},
        {"folded header", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", 502},
    };
    return cases;
}

TEST(HttpParser, AnswersEveryAmbiguousResponseAsTheTableSays) {
    for (const auto& [what, text, status] : response_cases()) {
        const Parsed parsed = parse_response(text);
        EXPECT_EQ(parsed.refused, status) << what;
        EXPECT_EQ(parsed.complete, status == 0) << what;
        expect_same_at_every_split(HeadParser::Kind::response, text);
    }
    const Parsed open_ended = parse_response("HTTP/1.1 200 OK\r\n\r\nall of this");
    EXPECT_EQ(open_ended.body, "all of this");
    EXPECT_FALSE(open_ended.complete);
}

TEST(HttpParser, RoundTripsChunkedBodiesOfAllSizes) {
    std::string content;
    std::string framed = post("Transfer-Encoding: chunked\r\n");
    for (std::size_t size = 1; size < 300; size += 7) {
        const std::string chunk(size, static_cast<char>('a' + size % 26));
        char line[20];
        std::snprintf(line, sizeof line, "%zX\r\n", size);
        framed += line + chunk + "\r\n";
        content += chunk;
    }
    framed += "0\r\n\r\n";
    EXPECT_EQ(parse_request(framed).body, content);
}

}  // namespace
}  // namespace scale::rollout::http

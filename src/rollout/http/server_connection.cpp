#include "rollout/http/server_connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace scale::rollout::http {

namespace {

constexpr std::size_t most_waiting = 64 << 10;  // pipelined bytes read ahead of their turn

}  // namespace

const char* reason_phrase(int status) {
    static constexpr std::pair<int, const char*> phrases[] = {
        {200, "OK"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (const auto& [known, phrase] : phrases)
        if (known == status) return phrase;
    return "Status";
}

ServerConnection::ServerConnection(Reactor& reactor, core::FileDescriptor descriptor, bool loopback, Service& service,
                                   const Limits& limits, const ServerTimes& times, const TlsContext* tls)
    : Socket(reactor, std::move(descriptor), false, true),
      service_(service),
      limits_(limits),
      times_(times),
      parser_(HeadParser::Kind::request, limits),
      timer_(reactor, [this] { on_timeout(); }),
      loopback_(loopback) {
    if (tls != nullptr) secure(*tls, {});
    timer_.set(times_.head);
}

void ServerConnection::on_input(std::string_view bytes) {
    if (state_ == State::lingering) return;
    if (state_ == State::open) {
        waiting_.append(bytes);
        if (waiting_.size() >= most_waiting) pause_reading(true);
        return;
    }
    process(bytes);
}

// Loops rather than recurses over pipelined requests that are answered at once.
void ServerConnection::process(std::string_view& input) {
    processing_ = true;
    while (!input.empty() && (state_ == State::head || state_ == State::body)) {
        if (state_ == State::head && !read_head(input)) break;
        if (state_ == State::body && !read_body(input)) break;
        if (state_ != State::body) continue;
        state_ = State::open;
        timer_.clear();
        service_.on_request(*this);
    }
    processing_ = false;
    if (state_ == State::open) waiting_.append(input);
    if (state_ == State::open && waiting_.size() >= most_waiting) pause_reading(true);
}

// True once the head is complete.
bool ServerConnection::read_head(std::string_view& input) {
    if (!parser_.started()) timer_.set(times_.head);
    const Progress progress = parser_.feed(input);
    if (progress == Progress::refused) refuse(parser_.refusal());
    if (progress != Progress::done) return false;
    const Head& head = parser_.head();
    keep_alive_ = keep_alive_ && head.keep_alive;
    head_only_ = head.method == "HEAD";
    decoder_ = BodyDecoder(head, limits_, limits_.body);
    state_ = State::body;
    if (head.framing == Framing::none) return true;
    timer_.set(times_.body);
    if (head.framing == Framing::length) body_.reserve(std::min<std::uint64_t>(head.content_length, 1 << 20));
    if (head.expects_continue && input.empty()) {
        put("HTTP/1.1 100 Continue\r\n\r\n");
        flush();
    }
    return true;
}

// True once the body is complete.
bool ServerConnection::read_body(std::string_view& input) {
    for (;;) {
        const auto [progress, content] = decoder_.next(input);
        body_.append(content);
        if (progress == Progress::done) return true;
        if (progress == Progress::refused) {
            refuse(decoder_.refusal());
            return false;
        }
        if (input.empty()) return false;
    }
}

void ServerConnection::refuse(const Refusal& refusal) {
    state_ = State::open;
    keep_alive_ = false;
    reply(refusal.status, "", service_.refusal_body(refusal));
}

void ServerConnection::reply(int status, std::string_view headers, std::string_view body) {
    const std::string with_type = fmt::format("content-type: application/json\r\n{}", headers);
    const bool has_type = headers.find("content-type:") != std::string_view::npos;
    begin(status, has_type ? headers : std::string_view(with_type), static_cast<std::int64_t>(body.size()));
    send_body(body);
    end();
}

void ServerConnection::begin(int status, std::string_view headers, std::int64_t length) {
    reply_begun_ = true;
    const bool old_client = parser_.head().minor_version == 0;
    chunked_ = length < 0 && !old_client;
    if (length < 0 && old_client) keep_alive_ = false;
    put(fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status)));
    put(headers);
    if (length >= 0 && status != 204) put(fmt::format("content-length: {}\r\n", length));
    if (chunked_) put("transfer-encoding: chunked\r\n");
    if (!keep_alive_) {
        put("connection: close\r\n");
    } else if (old_client) {
        put("connection: keep-alive\r\n");
    }
    put("\r\n");
}

void ServerConnection::send_body(std::string_view piece) {
    if (piece.empty() || head_only_) return;
    if (chunked_) put(fmt::format("{:x}\r\n", piece.size()));
    put(piece);
    if (chunked_) put("\r\n");
    timer_.set(times_.write);
}

void ServerConnection::end() {
    if (chunked_ && !head_only_) put("0\r\n\r\n");
    flush();
    if (!is_open()) return;
    if (!keep_alive_) return linger();
    next_request();
}

void ServerConnection::next_request() {
    state_ = State::head;
    context = nullptr;
    parser_.reset();
    body_.clear();
    if (body_.capacity() > most_waiting) body_.shrink_to_fit();
    reply_begun_ = chunked_ = head_only_ = false;
    timer_.set(unsent() != 0 ? times_.write : times_.idle);
    pause_reading(false);
    if (processing_ || waiting_.empty()) return;
    const std::string input = std::exchange(waiting_, {});
    std::string_view view(input);
    process(view);
}

void ServerConnection::cut() {
    keep_alive_ = false;
    flush();
    linger();
}

// Closing a socket with unread input makes the kernel send a reset, which can destroy the reply on its way to the
// client (RFC 9112 §9.6): so the output is ended first and the input read and dropped for a moment.
void ServerConnection::linger() {
    state_ = State::lingering;
    context = nullptr;
    waiting_.clear();
    pause_reading(false);
    timer_.set(times_.linger);
    if (unsent() == 0) end_output();
}

void ServerConnection::on_progress() {
    if (state_ == State::lingering) {
        timer_.set(times_.linger);
        if (unsent() == 0) end_output();
        return;
    }
    if (unsent() != 0) {
        timer_.set(times_.write);
    } else if (state_ == State::open) {
        timer_.clear();
    }
    if (state_ == State::open) service_.on_progress(*this);
}

void ServerConnection::on_timeout() {
    if (state_ == State::open && unsent() == 0) return;
    const bool reading = (state_ == State::head && parser_.started()) || state_ == State::body;
    if (reading) return refuse({408, "the request took too long to arrive"});
    close_now();
}

void ServerConnection::on_end() {
    close_now();
}

void ServerConnection::finish_up() {
    keep_alive_ = false;
    if (state_ == State::head && !parser_.started() && unsent() == 0) close_now();
}

void ServerConnection::close_now() {
    if (state_ == State::closed) return;
    const bool was_open = state_ == State::open;
    state_ = State::closed;
    timer_.clear();
    close();
    if (was_open) service_.on_abort(*this);
    service_.on_closed(*this);
}

}  // namespace scale::rollout::http

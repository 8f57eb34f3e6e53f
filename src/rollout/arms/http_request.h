// A small blocking HTTP client for what the program asks of servers nearby: health probes, and the commands that talk
// to the running gateway. Never called on the gateway's loop thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rollout/http/tls_context.h"

namespace scale::rollout {

struct Address {
    std::string host;  // a name or a number; IPv6 without brackets
    std::uint16_t port = 0;
    std::string base_path;  // "" or "/prefix"
    bool secure = false;    // https
};

// "http://host:port/prefix" or "https://…"; the port is 80 or 443 where it is missing. Throws an input error naming
// `setting`.
Address parse_url(const std::string& url, const std::string& setting);

// "127.0.0.1:8080" or "[::1]:8080". Throws an input error naming `setting`.
Address parse_listen(const std::string& text, const std::string& setting);

// As URLs and Host fields write it: IPv6 in brackets.
std::string authority_of(const std::string& host, std::uint16_t port);

struct HttpAnswer {
    int status = 0;
    std::string body;
};

struct HttpCall {
    std::string method = "GET";
    std::string path = "/";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds limit{2000};             // for everything together
    std::shared_ptr<const http::TlsContext> tls = {};  // null: plain HTTP
};

// Empty where there is no answer in time; `problem` then says why. A body over 16 MiB counts as none.
std::optional<HttpAnswer> call(const Address& address, const HttpCall& request, std::string* problem = nullptr);

}  // namespace scale::rollout

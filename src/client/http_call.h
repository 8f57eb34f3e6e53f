// Requests to HTTP servers of somebody else's, by libcurl: TLS is verified, proxies are those of the environment.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scale::client {

struct HttpAnswer {
    long status = 0;  // 0: no answer
    std::string body;
    std::string problem;  // why there is no answer
    bool too_long = false;
};

struct HttpCall {
    std::string url;
    std::string body;    // JSON to post; "": a GET
    std::string bearer;  // API key; "" sends none. Never appears in an error
    long timeout_seconds = 600;
    // Of an answer with status 200, each piece of the body as it comes; HttpAnswer's body then stays empty.
    std::function<void(std::string_view)> on_piece = {};
    std::size_t longest_answer = std::size_t{16} << 20;  // bytes
};

// One request after the other over a connection that is kept. For one thread at a time.
class HttpConnection {
  public:
    HttpConnection();
    ~HttpConnection();
    HttpConnection(HttpConnection&&) noexcept;

    // An answer of more than `longest_answer` counts as none, and so does one whose piece was met with an exception.
    HttpAnswer call(const HttpCall& call);

  private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

// Over a connection of its own. Thread-safe.
HttpAnswer call_http(const HttpCall& call);

}  // namespace scale::client

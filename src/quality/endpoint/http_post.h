// One request to an HTTP server of somebody else's, by libcurl: TLS is verified, proxies are those of the environment.
#pragma once

#include <string>

namespace scale::quality {

struct HttpAnswer {
    long status = 0;  // 0: no answer
    std::string body;
    std::string problem;  // why there is no answer
};

struct HttpCall {
    std::string url;
    std::string body;    // JSON to post; "": a GET
    std::string bearer;  // API key; "" sends none. Never appears in an error
    long timeout_seconds = 600;
};

// An answer of more than 16 MiB counts as none. Thread-safe.
HttpAnswer call_http(const HttpCall& call);

}  // namespace scale::quality

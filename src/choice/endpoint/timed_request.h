// One streamed request to a server, and when its tokens came.
#pragma once

#include <string>

#include "client/http_call.h"
#include "client/model_server.h"

namespace scale::choice {

enum class Api { completions, chat };

struct TimedRequest {
    std::string prompt;
    int completion_tokens = 1;  // asked for, past any end that the model would make
};

struct Timing {
    double first_token = 0;  // seconds from asking
    double last_token = 0;
    int prompt_tokens = 0;  // as the server counts
    int completion_tokens = 0;
    int pieces = 0;  // events that brought a token or several

    double next_token() const {
        return (last_token - first_token) / (completion_tokens > 1 ? completion_tokens - 1 : 1);
    }
};

// Greedy. Throws an input error, with the server's words, where it does not answer, refuses, does not stream, or does
// not say how many tokens it took.
Timing time_request(const client::ModelServer& server, Api api, const TimedRequest& request,
                    client::HttpConnection& connection);

// Completions where the server has them, else chat. Throws as time_request() where it has neither.
Api find_api(const client::ModelServer& server);

}  // namespace scale::choice

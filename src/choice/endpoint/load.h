// A server under the workload's load.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "choice/endpoint/prompts.h"
#include "choice/endpoint/timed_request.h"

namespace scale::choice {

struct Load {
    int concurrency = 1;
    int completion_tokens = 1;
};

struct Loaded {
    double seconds = 0;  // from the first question to the last token
    std::vector<Timing> requests;

    double seconds_per_request() const { return seconds / static_cast<double>(requests.size()); }
};

// One request while the server has nothing else to do. Throws an input error where the answer has another length.
Timing ask_alone(const client::ModelServer& server, Api api, const Load& load, const Prompt& prompt);

// Asks all prompts, `concurrency` at a time, each with the next one as soon as an answer has ended. Throws the first
// error of any request; each answer must have the length asked for.
Loaded run_load(const client::ModelServer& server, Api api, const Load& load, std::span<const Prompt> prompts);

// One round's figures of a server: of a request alone, then of the load.
struct ServerRound {
    double prefill = 0;  // tokens a second of the request alone
    double decode = 0;
    double first_token = 0;  // seconds under load, of the median request
    double next_token = 0;
    double seconds_per_request = 0;
};

// The first prompt alone, then the others under load.
ServerRound run_round(const client::ModelServer& server, Api api, const Load& load, std::span<const Prompt> prompts);

}  // namespace scale::choice

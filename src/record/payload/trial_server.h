// What stage C adds to its decision where the trial ran on servers: the member `servers`. The rules of payload.h hold.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "record/payload/choice.h"

namespace scale::record {

// A server that the trial ran on. Latencies are of requests under the workload's load, streamed.
struct TrialServer {
    std::string candidate;         // "original", or the candidate's name
    std::string url;               // without credentials
    std::string model;             // its name in requests
    std::string software;          // "vllm 0.32.0", as the server tells; "" where it does not
    int requests = 0;              // timed under load, all rounds together
    Measured first_token;          // seconds; of each round the median request
    Measured next_token;           // seconds from token to token, likewise
    Measured first_token_speedup;  // the original's over this server's, paired by round; above 1 is quicker
    Measured next_token_speedup;   // likewise
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TrialServer, candidate, url, model, software, requests, first_token,
                                                next_token, first_token_speedup, next_token_speedup)

// A decision with the servers behind it, the original's first; none where the trial was on this machine.
struct DecisionAtServers {
    Decision decision;
    std::vector<TrialServer> servers;
};

// The entry's payload: the decision's members, and `servers` where there are some.
inline void to_json(core::Json& value, const DecisionAtServers& made) {
    value = made.decision;
    if (!made.servers.empty()) value["servers"] = made.servers;
}
inline void from_json(const core::Json& value, DecisionAtServers& made) {
    made.decision = value.get<Decision>();
    made.servers = value.value("servers", std::vector<TrialServer>());
}

}  // namespace scale::record

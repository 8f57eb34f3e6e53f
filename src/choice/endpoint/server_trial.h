// The trial of stage C on servers that somebody runs: candidates against the original at the workload's load.
//
// In every round each server gets the same texts, in an order of servers that rotates, while the others are idle: one
// request alone, then `concurrency` at a time without a pause until all are answered. Answers are streamed, greedy, and
// of the workload's length whatever the model would end at. A round that is not counted comes first; its pace decides
// how many requests a round has. Every figure is the servers' own machine's, the network between included.
#pragma once

#include <filesystem>
#include <vector>

#include "choice/endpoint/servers.h"
#include "record/payload.h"
#include "record/payload/trial_server.h"

namespace scale::choice {

struct ServerTrialRequest {
    std::filesystem::path original;  // GGUF, whose tokenizer counts the prompts
    record::Workload workload;
    int rounds = 3;
    std::filesystem::path log;
};

// Sets trialled, speed, speedup and speed_source of the candidates that have a server, the decision's original_speed
// and trial, and the servers. batch_decode is what all requests under load got together while they were decoded;
// threads are not known and 0. Throws an input error where a server does not do what the load asks: streams, gives
// answers of that length, counts the prompts as the original's tokenizer does.
void try_at_servers(const ServerTrialRequest& request, const std::vector<NamedServer>& servers,
                    record::DecisionAtServers& made);

}  // namespace scale::choice

// The table of stage C, for people.
#pragma once

#include <string>
#include <vector>

#include "choice/rules.h"
#include "record/payload.h"
#include "record/payload/trial_server.h"

namespace scale::choice {

// One row a candidate: type, true bits per weight, size, whether it fits, estimated KL, requests a minute, speedup, and
// the rule that judged it; then one line a candidate with the reason.
std::string candidate_table(const std::vector<record::Candidate>& candidates);

// The servers that the trial ran on, with their latencies; "" where there were none.
std::string server_table(const record::DecisionAtServers& made);

}  // namespace scale::choice

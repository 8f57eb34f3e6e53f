// Stage C: lists the candidates, tries their kernels on this machine or at servers given, applies the written rules and
// records the decision.
#pragma once

#include <string>

#include "choice/endpoint/servers.h"
#include "record/pass.h"
#include "record/payload/trial_server.h"

namespace scale::choice {

struct ChooseOptions {
    std::string type;         // pins a candidate for this decision; "" takes [choice] type of scale.toml
    std::string because;      // reason for the pin, or for going on although no type is on target
    std::string qat_plan;     // path of a QAT plan; "" takes [choice] qat_plan of scale.toml
    EndpointOptions servers;  // [deploy] target = "vllm": where the trial runs; none: documents decide
};

// Appends one entry of kind `decision`. Throws a refusal (after saying the table on stderr), recording nothing, where
// the rules leave nothing to choose or take a pinned type out.
record::DecisionAtServers choose_type(record::Pass& pass, const ChooseOptions& options);

}  // namespace scale::choice

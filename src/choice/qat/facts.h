// What a QAT plan is computed from (plan.h says what must stand in it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "choice/gather.h"
#include "choice/trial_jobs.h"
#include "record/pass.h"
#include "record/payload.h"

namespace scale::choice {

// What the gate measured on an artefact without training, or what the prior expects.
struct Untrained {
    bool measured = false;
    std::string type;     // of the artefact that was measured
    std::string verdict;  // with measured: "FAIL", …
    double kl = 0;        // mean, nats a token
    double kl_low = 0;
    double kl_high = 0;
    double top1 = 0;  // share of tokens; 0 unknown
    int tokens = 0;   // that the KL was measured on
    std::string source;
};

struct QatFacts {
    Gathered gathered;
    record::Budget budget;
    bool budget_declared = false;
    record::Candidate candidate;           // the type below 4 bits that the plan is for
    record::Candidate narrowest_unlocked;  // the smallest type of 4 bits or more
    std::vector<PlannedTensor> tensors;
    std::uint64_t memory_limit = 0;
    Untrained untrained;
    std::string because;  // why this type
};

// The pinned type, or else, of those below 4 bits that fit, the one with the lowest estimated KL. Refuses where the
// pinned type has 4 bits or more, or none fits.
QatFacts gather_qat_facts(const record::Pass& pass, const std::string& pinned);

}  // namespace scale::choice

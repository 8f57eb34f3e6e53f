// What stage C hands on: the table of candidates and the decision. The rules of payload.h hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/payload/constraint.h"

namespace scale::record {

// One row of the table of stage C.
struct Candidate {
    std::string name;            // "Q4_K_M"
    std::string target;          // deployment it belongs to: "llama.cpp", "vllm"
    double nominal_bits = 0;     // what the name promises
    double bits_per_weight = 0;  // true, file bits over parameters, after fallbacks; 0 where not computed
    std::uint64_t bytes = 0;     // true file size after fallbacks; 0 where not computed
    int fallback_tensors = 0;    // tensors whose row length the named type cannot hold
    Memory memory;               // for the workload
    double kl_estimate = 0;      // nats per token
    double kl_low = 0;           // ± one standard deviation of the prior
    double kl_high = 0;
    std::string kl_source;  // "estimated (…)"
    bool trialled = false;  // speed below was measured here
    Speed speed;
    Measured speedup;          // original's seconds_per_request over this one's, paired by round
    std::string speed_source;  // "measured (…)" or "documented (…)" or ""
    bool eligible = false;
    bool chosen = false;
    std::string rule;    // the rule that decided
    std::string reason;  // one sentence for people: why it won or lost
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Candidate, name, target, nominal_bits, bits_per_weight, bytes,
                                                fallback_tensors, memory, kl_estimate, kl_low, kl_high, kl_source,
                                                trialled, speed, speedup, speed_source, eligible, chosen, rule, reason)

struct Decision {
    std::string type;    // the chosen candidate's name
    std::string format;  // "GGUF"
    std::string rule;    // identifier of the rule that decided
    std::string reason;
    std::string because;  // a person's reason for pinning the type, "" where the rules decided
    std::string qat_plan_sha256;
    Speed original_speed;
    std::string trial;  // how the kernel trial was made: "whole model, 3 interleaved rounds"
    std::vector<Candidate> candidates;
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Decision, type, format, rule, reason, because, qat_plan_sha256,
                                                original_speed, trial, candidates, took)

}  // namespace scale::record

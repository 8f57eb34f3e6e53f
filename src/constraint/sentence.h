// The one sentence in which stage S ends, and the phrases it is made of.
#pragma once

#include <string>

#include "constraint/judgement.h"
#include "record/payload.h"

namespace scale::constraint {

// "it serves 24.1 requests/min (measured, 23.8–24.3 over 3 rounds) where 20.0 are needed"
std::string describe_found(const TargetCheck& check, const Measurement& measured);

// "256 prompt and 64 completion tokens, 4 requests at once, context 2048"
std::string describe_workload(const record::Workload& workload);

// Names exactly one of memory-bound, throughput-bound, cost-bound, with machine, workload, found and needed figures.
std::string constraint_sentence(const Judgement& judgement, const Measurement& measured,
                                const record::Workload& workload, const std::string& machine);

}  // namespace scale::constraint

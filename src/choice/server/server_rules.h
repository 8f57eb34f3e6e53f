// The written rules of stage C for a GPU server. Pure functions.
//
// Without servers to try nothing can be measured: kernels are documented, sizes estimated.
//
// Rules that take a candidate out, in this order: `target` (rules.h); `not-written`, a format that this program does
// not write; `kernel`, the hardware has none for it; `memory`, weights, KV cache and compute buffers exceed a stated
// memory_mib.
// Rules that choose among those left: `pinned`; `int8-quality` where quality is paramount and INT8 is left;
// `int8-throughput` under a throughput or cost constraint that is bound by compute (on a CPU, or from as many sequences
// at once as kernels.h computes) where INT8 has kernels without a known slowdown; `default-4-bit`, in the order of the
// table: GPTQ, which most readers take, then compressed-tensors, then AWQ, which is slower at large batches (AutoAWQ
// issue 106); `wider` where no 4-bit format is left.
//
// With servers the measured rules (rules.h) decide among those that were tried there, whatever documents say of their
// kernels; `target`, `not-written` and `memory` come first.
#pragma once

#include <string>

#include "choice/rules.h"

namespace scale::choice {

namespace rule {
inline constexpr const char* not_written = "not-written";
inline constexpr const char* kernel = "kernel";
}  // namespace rule

// Candidates with sizes, in the table's order. situation.target is "vllm".
Outcome decide_for_server(const Situation& situation, const std::string& hardware,
                          std::vector<record::Candidate> candidates);

// After a trial at servers.
Outcome decide_at_servers(const Situation& situation, std::vector<record::Candidate> candidates);

}  // namespace scale::choice

// The written rules of stage C: from measured and estimated facts to one type, and a reason for every other. Pure
// functions.
//
// Rules that take a candidate out, in the order in which they are tried; the first that applies is its verdict:
//   target       The format follows from the deployment: a type of another deployment is not eligible.
//   reference    A 16-bit type relieves nothing where the original is 16 bits wide itself.
//   sub-4-bit    A type whose name promises fewer than 4 bits needs a declared quality budget and an accepted QAT plan.
//   memory       Weights, KV cache and compute buffers for the workload must fit the stated memory_mib, or else the
//                machine's memory.
//   untried      A type that the kernel trial could not run is not chosen.
//   slower       Under a throughput or cost constraint, a type whose median paired speedup is below 1 is refused.
// Rules that choose among those that are left, tried in this order:
//   pinned           A person's type, with a reason; none of the rules above yields to it but `reference`.
//   int8-quality     quality = "paramount" and INT8 is left (Q8_0; W8A8-INT8 at servers), since memory is adequate.
//   int8-throughput  Throughput or cost constraint, INT8 faster than the original in every round and on target, and
//                    quality must stay high (quality = "paramount", or a budget of at most 1 point).
//   default-4-bit    4 bits: of those on target the lowest estimated KL; equal estimates, or none, go to the faster.
//   wider            No 4-bit type is left and on target: the lowest estimated KL of the wider ones that are.
//   below-4-bit      No type of 4 bits or more is: the lowest estimated KL of the unlocked narrower ones that are.
//   fastest          Nothing is on target, and a person's reason accepts that: the fastest that is left.
// "On target" matters under a throughput constraint (requests a minute) and a cost constraint (price per million
// tokens); a memory target is the memory rule's. Where nothing can be chosen, the outcome is a refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "choice/qat/plan.h"
#include "record/payload.h"

namespace scale::choice {

namespace rule {
inline constexpr const char* target = "target";
inline constexpr const char* reference = "reference";
inline constexpr const char* sub_4_bit = "sub-4-bit";
inline constexpr const char* memory = "memory";
inline constexpr const char* untried = "untried";
inline constexpr const char* slower = "slower";
inline constexpr const char* on_target = "target-met";
inline constexpr const char* pinned = "pinned";
inline constexpr const char* int8_quality = "int8-quality";
inline constexpr const char* int8_throughput = "int8-throughput";
inline constexpr const char* default_4_bit = "default-4-bit";
inline constexpr const char* wider = "wider";
inline constexpr const char* below_4_bit = "below-4-bit";
inline constexpr const char* fastest = "fastest";
}  // namespace rule

// All that the rules look at besides the candidates.
struct Situation {
    record::Constraint constraint;
    std::string target = "llama.cpp";
    std::string quality = "balanced";      // or "paramount"
    std::uint64_t machine_memory = 0;      // bytes
    std::optional<record::Budget> budget;  // declared in the record
    double points = 1.0;                   // budget on the task items: declared, or else as intended in scale.toml
    std::optional<QatPlan> qat_plan;
    std::string pinned;   // name of a type, "" where the rules choose
    std::string because;  // reason for the pin, or for going on although nothing is on target
};

struct Refusal {
    std::string found;
    std::string expected;
    std::string next;
};

struct Outcome {
    std::vector<record::Candidate> candidates;  // with eligible, chosen, rule and reason
    std::string type;                           // "" with a refusal
    std::string rule;
    std::string reason;
    Refusal refusal;  // of an outcome that chooses nothing
    bool refused() const { return !refusal.found.empty(); }
};

bool sub_4_bit_unlocked(const Situation& situation);

// Bytes that a candidate may take.
std::uint64_t memory_limit(const Situation& situation);

// The rules that need no trial: target, reference, sub-4-bit, memory. Sets eligible, rule and reason. The refusal (a
// pinned type ruled out, or nothing left) costs seconds instead of a trial.
Outcome rule_out(const Situation& situation, std::vector<record::Candidate> candidates);

// All rules, on candidates that have been tried.
Outcome decide(const Situation& situation, std::vector<record::Candidate> candidates);

// The rules from `untried` on, on candidates that are still eligible.
Outcome decide_tried(const Situation& situation, std::vector<record::Candidate> candidates);

// How far a candidate is from the target of a throughput or cost constraint: needed over served, or price over target;
// at most 1 is on target. 0 under a memory constraint.
double target_load(const Situation& situation, const record::Candidate& candidate);

}  // namespace scale::choice

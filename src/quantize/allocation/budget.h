// How many bytes an artefact may take, and whether that is what stage C decided.
//
// Without a wish the budget is what the stock mix of the decision takes: same bytes, better types. A wish (--size-mib,
// --bpw, --type, --memory-mib, --plan) names another size. The record must not hide that, and the rules of stage C must
// not be walked around:
//   - a size that the decision does not name (another mix; more bytes than the decision's mix, or less than 95 % of
//   them)
//     needs a reason, which the artefact's entry keeps;
//   - under a decision of 4 bits or more, a file below 4 bits a weight is refused: stage C demands a QAT plan for that;
//   - a file that would break the memory target of the constraint is refused.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "record/payload.h"

namespace scale::quantize {

struct SizeWish {
    double size_mib = 0;         // of the file; 0: no wish, here and below
    double bits_per_weight = 0;  // of the tensors, over all parameters
    std::string type;            // the bytes of that stock mix
    double memory_mib = 0;       // of weights, KV cache and compute buffers for the workload
    std::string plan_file;
    std::string because;

    bool any() const {
        return size_mib > 0 || bits_per_weight > 0 || !type.empty() || memory_mib > 0 || !plan_file.empty();
    }
};

// What a file of the wished types or mix would take.
struct FileSize {
    std::uint64_t file_bytes = 0;
    std::uint64_t tensor_bytes = 0;
    double bits_per_weight = 0;
    double bits_of(std::uint64_t other_file_bytes) const;  // of a file of the same model
};

struct Budget {
    std::string label;  // "Q4_K_M", "120 MiB", "4.2 bits per weight", "a plan": what set the size
    std::uint64_t bytes = 0;
};

// "Q4_K_M" → 4, "IQ3_XS" → 3, "F16" → 16; 0 where the name has no number.
double bits_promised(const std::string& mix);

// What the wish is called in the record; the decision's mix where there is none.
std::string budget_label(const SizeWish& wish, const record::Decision& decision);

// `wished`: the size of the wished mix or plan, where one is named; else that of the decision's mix, as `decided`.
// `constraint` has the workload's KV cache and compute buffers. Throws a usage error for figures that are not positive,
// an input error where the memory leaves nothing for weights.
Budget budget_of(const SizeWish& wish, const record::Decision& decision, const FileSize& decided,
                 const FileSize& wished, const record::Constraint& constraint);

// The rules above; throws a refusal that names the command to take instead.
void require_allowed(const Budget& budget, const SizeWish& wish, const record::Decision& decision,
                     const FileSize& decided, const record::Constraint& constraint);

}  // namespace scale::quantize

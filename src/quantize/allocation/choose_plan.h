// From a decision and perhaps a wish to the plan of the artefact. Parent side; the engine's part runs in worker jobs.
#pragma once

#include <filesystem>
#include <string>

#include "quantize/allocation/budget.h"
#include "quantize/allocation/plan.h"
#include "record/payload.h"

namespace scale::quantize {

struct PlanOrder {
    std::filesystem::path original;
    std::string original_sha256;
    std::filesystem::path set_file;
    std::string set_sha256;
    record::Decision decision;
    record::Constraint constraint;
    SizeWish wish;
    std::string allocation = "searched";  // as scale.toml wants it: or "stock"
    std::filesystem::path work_folder;    // for the journal, logs and copies of the model
    int threads = 1;
};

struct ChosenPlan {
    AllocationPlan plan;
    std::string text;        // its bytes
    std::string sha256;      // of them
    std::string allocation;  // "searched", "pinned" or "stock"
    std::string budget;      // what set the size
    std::string type;        // what to call the artefact: a mix, or "3.52bpw"
    double stock_kl = 0;     // searched: of the mix's own types with our rounding, found as the plan's; 0 unknown
    std::uint64_t stock_bytes = 0;  // of the decision's mix
    record::Memory memory;          // estimated for the workload
};

// Refusals and errors as in budget.h, and an input error for a plan of another model, or one that the engine would not
// write as it stands. Under a throughput or cost constraint the search keeps to the types of the decision's mix, since
// only their speed was tried. Mixes of 8 or more bits are taken as they are unless a size is wished.
ChosenPlan choose_plan(const PlanOrder& order);

// Whether types would be searched for this order.
bool searches(const PlanOrder& order);

// The journal of a search that has been used up.
void remove_allocation_journal(const std::filesystem::path& work_folder);

}  // namespace scale::quantize

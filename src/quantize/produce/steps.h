// The steps from a plan to a checked file; each runs as a worker job, with progress and a log in the work folder.
//
// All but gather_statistics work on `partial`, the file in the making, and remove it where they fail or are stopped:
// it is written anew from stock, and what cost time (the refinement) is kept in a journal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "quantize/allocation/choose_plan.h"
#include "quantize/produce/order.h"
#include "record/pass.h"

namespace scale::quantize {

// What was unusual, gathered along the way; a sentence each.
using Notes = std::vector<std::string>;

struct GatheredStatistics {
    std::string sha256;
    std::uint64_t tokens = 0;
    record::StatisticsStability stability;
};

GatheredStatistics gather_statistics(record::Pass& pass, const Order& order);

void examine(record::Pass& pass, const Order& order, Notes& notes);

void write_stock(record::Pass& pass, const Order& order, const ChosenPlan& chosen, const GatheredStatistics& statistics,
                 const std::filesystem::path& partial, Notes& notes);

// Both return what was done, for the method; tune() an empty text where tuning is not wanted.
std::string refine(record::Pass& pass, const Order& order, const ChosenPlan& chosen,
                   const GatheredStatistics& statistics, const std::filesystem::path& partial, Notes& notes);
std::string tune(record::Pass& pass, const Order& order, const std::filesystem::path& partial, Notes& notes);

struct Imported {
    std::string method;
    std::string trained_sha256;
    std::string proof_sha256;
};

Imported import_trained(record::Pass& pass, const Order& order, const std::filesystem::path& trained,
                        const std::filesystem::path& partial);

// Compares `partial` with `reference`, the original or the trained file; throws where it is not sound.
core::Json check(record::Pass& pass, const Order& order, const std::filesystem::path& reference,
                 const std::filesystem::path& partial);

// The journal of a refinement that has been used up.
void remove_refinement_journal(const record::Pass& pass);

}  // namespace scale::quantize

// What the steps of `scale run` will take: time, memory, disk; estimated before they start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "forecast/facts.h"
#include "record/payload/usage.h"

namespace scale::forecast {

// One of "set", "choose", "lock --declare", "assemble", "quantize" and "lock". Where an earlier entry of this record
// measured the same step on the same model and workload, its time and memory are taken.
record::Forecast forecast(const std::string& command, const Facts& facts, const record::Lineage& lineage);

struct Total {
    double seconds = 0;
    std::uint64_t memory = 0;  // of the step that takes most
    std::uint64_t disk = 0;    // at most at once: what earlier steps keep and the step at hand takes
    std::uint64_t kept = 0;
};

// The steps in this order.
Total total(const std::vector<record::Forecast>& steps);

// Throws an io error that states both figures where less is free in the folder than the steps will write.
void require_room(const std::vector<record::Forecast>& steps, const std::filesystem::path& folder);

// A table of steps with what each takes and how that was estimated; the last line is the total.
std::string to_text(const std::vector<record::Forecast>& steps);

// "65.5 GiB are free at my-pass." or what is missing.
std::string room_line(const std::vector<record::Forecast>& steps, const std::filesystem::path& folder);

// One line before a run starts.
std::string announcement(const std::vector<record::Forecast>& steps);

}  // namespace scale::forecast

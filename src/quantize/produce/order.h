// What making an artefact starts from, gathered from the record and checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantize/produce/produce.h"

namespace scale::quantize {

struct Order {
    std::filesystem::path source;    // what scale.toml names: a GGUF file, or a Hugging Face folder
    std::filesystem::path original;  // the GGUF file, or the object that the folder was converted to
    std::string original_sha256;
    std::uint64_t original_bytes = 0;
    record::Constraint constraint;
    record::Decision decision;
    record::CalibrationSet set;
    std::vector<std::string> parents;  // of the artefact's entry
    std::filesystem::path set_file;
    int threads = 1;
};

// Errors and refusals as produce().
Order read_order(const record::Pass& pass, const record::Lineage& lineage);

// The part of it that decides on types. `work_folder` takes journals and copies.
PlanOrder plan_order(const record::Pass& pass, const Order& order, const QuantizeOptions& options,
                     const std::filesystem::path& work_folder);

}  // namespace scale::quantize

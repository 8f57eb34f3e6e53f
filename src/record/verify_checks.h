// The checks that record::verify is made of. Each returns at least one finding.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "record/entry.h"
#include "record/objects.h"
#include "record/verify.h"

namespace scale::record {

// verify_order.cpp: parents exist, are earlier and of the right kinds; no stage without the one above it.
std::vector<Finding> check_order(const std::vector<Entry>& entries);

// verify_gate.cpp: no budget loosened after a result; every verdict follows from its checks and its budget.
std::vector<Finding> check_budget_priority(const std::vector<Entry>& entries);
std::vector<Finding> check_verdicts(const std::vector<Entry>& entries);

// verify_content.cpp: stored objects, artefact and archive by content; the gate's texts apart from the calibration set.
std::vector<Finding> check_objects(const std::vector<Entry>& entries, const std::filesystem::path& pass_folder,
                                   const std::set<std::string>& left_out);
std::vector<Finding> check_artefacts(const std::vector<Entry>& entries, const std::filesystem::path& pass_folder,
                                     const std::set<std::string>& left_out);
std::vector<Finding> check_holdout(const std::vector<Entry>& entries, const std::filesystem::path& pass_folder);

// One finding per fault, or one saying that all is well with `detail`.
std::vector<Finding> findings_of(const std::string& check, std::vector<Finding> faults, const std::string& detail);

}  // namespace scale::record

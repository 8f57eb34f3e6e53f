// The gate's items in the results format of lm-evaluation-harness, so that its readers and comparators take them.
#pragma once

#include <filesystem>
#include <vector>

#include "record/pass.h"

namespace scale::quality {

// Writes, from the newest verdict's measurements and the items of its gate, for each model a folder "original" and
// "candidate" below `folder`, with results_<date>.json and one samples_<suite>_<date>.jsonl a suite; returns the files.
// Refuses without a verdict. Chosen options count as "acc", the probability of the right one as "prob"; answers in
// words as "exact_match". Nothing is measured.
std::vector<std::filesystem::path> export_results(const record::Pass& pass, const std::filesystem::path& folder);

}  // namespace scale::quality

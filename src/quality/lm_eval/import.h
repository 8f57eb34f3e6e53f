// Scores of lm-evaluation-harness (EleutherAI; `--log_samples`), read for both models and paired.
//
// A run leaves samples_<task>_<date>.jsonl: one line per document and filter, with doc_id, doc_hash, prompt_hash,
// target_hash, filter, and each metric's value under the metric's name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "quality/measurements.h"
#include "record/payload.h"

namespace scale::quality {

// "gsm8k exact_match strict-match 3", and "smaller" after it where less is better. Throws an input error for anything
// else; the margin must be positive.
record::ImportedSuite parse_import(const std::string& declaration);
std::vector<record::ImportedSuite> parse_imports(const std::vector<std::string>& declarations);

// The scores of every declared suite. Both folders (searched with what is in them) must hold the task once; the
// documents, by doc_id, must be the same ones with the same hashes of document, prompt and target. Each breach is an
// input error that names the file and the document.
std::vector<ImportedScore> read_samples(const std::filesystem::path& original, const std::filesystem::path& candidate,
                                        const std::vector<record::ImportedSuite>& suites);

}  // namespace scale::quality

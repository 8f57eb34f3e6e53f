// Stage A, first half: from the traffic log to the calibration set and the held-out set.
//
// Both sets are objects of the record in the form of model/token_set.h: `set_sha256` calibrates, `holdout_sha256` is
// read by the gate only. The same log, seed and settings give the same bytes.
#pragma once

#include <filesystem>
#include <optional>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::calibration {

struct AssembleOptions {
    std::optional<std::filesystem::path> log;  // instead of [traffic] log
    std::optional<int> samples;                // instead of [calibration] samples
};

// Appends one calibration_set entry and returns its payload. Refuses (exit 5) before stage C is done or for a model
// that is not the one measured. Throws an input error with counts where the log holds too few usable requests.
record::CalibrationSet assemble(record::Pass& pass, const AssembleOptions& options);

}  // namespace scale::calibration

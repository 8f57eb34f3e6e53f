// Stage A, first half: from the traffic to the calibration set, the held-out set and the canary.
//
// All three are objects of the record in the form of model/token_set.h: `set_sha256` calibrates, `holdout_sha256` is
// read by the gate only, `canary_sha256` by neither. The same log, seed and settings give the same bytes within one
// pass; another pass has another redaction secret, and so other pseudonyms.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibration/source/traffic.h"
#include "record/pass.h"
#include "record/payload.h"

namespace scale::calibration {

struct AssembleOptions {
    // Instead of the gateway's log where its traffic has re-opened stage S, or else of [traffic] log.
    std::optional<std::filesystem::path> log;
    std::optional<int> samples;  // instead of [calibration] samples
    // (name of a set, text): no sample may overlap with these, nor with the files of [calibration] evaluation.
    std::vector<std::pair<std::string, std::string>> evaluation_texts;
};

// Appends one calibration_set entry and returns its payload. Refuses (exit 5) before stage C is done or for a model
// that is not the one measured. Throws an input error with counts where the log holds too few usable requests.
record::CalibrationSet assemble(record::Pass& pass, const AssembleOptions& options);

// The traffic of a pass behind its redactor; `log` instead of [traffic] log where it is given.
Traffic open_traffic(const record::Pass& pass, const std::optional<std::filesystem::path>& log,
                     const TrafficWindow& window = {});
std::filesystem::path log_path(const record::Pass& pass, const std::optional<std::filesystem::path>& log);

}  // namespace scale::calibration

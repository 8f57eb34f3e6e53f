// The noise floor: what the measurement itself moves, from the original measured against itself (A/A).
#pragma once

#include <string>
#include <vector>

#include "quality/measurements.h"
#include "record/payload.h"

namespace scale::quality {

// `measured` holds the original on both sides, run with other settings; `how` names those.
record::NoiseFloor noise_floor(const Measurements& measured, const std::string& how, const record::Budget& budget);

// Writes the floor into every check. Where it exceeds half the margin the check is NO POWER: what passes or fails there
// may be the measurement's own doing. (A failure stands where the loss exceeds margin and noise together.)
void apply_noise(std::vector<record::GateCheck>& checks, const record::NoiseFloor& noise);

// One sentence for the report.
std::string describe(const record::NoiseFloor& noise);

// What the gate judged by, in a sentence.
std::string describe(const record::ServedMeasurement& served);

}  // namespace scale::quality

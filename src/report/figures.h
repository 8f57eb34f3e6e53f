// The gate's figures in the units that people use.
#pragma once

#include <string>

#include "record/payload.h"

namespace scale::report {

// A loss, limit or margin of the check: percentage points for shares of items, per cent for ratios, nats otherwise.
std::string figure_of(const record::GateCheck& check, double value);

// What the check is called in a list: its name, and the endpoint where the name alone would occur twice; a slice by its
// stratum.
std::string title_of(const record::GateCheck& check);

// One of the slices of the traffic, which are many.
bool is_slice(const record::GateCheck& check);

std::string range_text(const record::Measured& figure, int decimals = 1);  // "38.0 (37.1–38.9, 3 rounds)"
std::string mib(std::uint64_t bytes);                                      // "138.1", "–" for none

}  // namespace scale::report

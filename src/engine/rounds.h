// Repeated measurements, summed up.
#pragma once

#include <span>

#include "engine/speed.h"

namespace scale::engine {

// Median and range. No values give zeros.
record::Measured summarise_rounds(std::span<const double> values);

// Requests a minute in each round of a measurement.
record::Measured request_rate(const SpeedResult& result);

}  // namespace scale::engine

// The forecast of each step from facts alone. For src/forecast only.
#pragma once

#include "forecast/facts.h"
#include "record/payload/usage.h"

namespace scale::forecast {

record::Forecast of_set(const Facts& facts);
record::Forecast of_choose(const Facts& facts);
record::Forecast of_declare(const Facts& facts);
record::Forecast of_assemble(const Facts& facts);
record::Forecast of_quantize(const Facts& facts);
record::Forecast of_lock(const Facts& facts);

}  // namespace scale::forecast

// Stage S: measures the original on this machine and records the one constraint that the pass relieves.
#pragma once

#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::constraint {

// Measures, judges and appends one entry of kind `constraint`. `because` (may be empty) is a person's reason to keep a
// constraint that the measurement contradicts. Throws a refusal, recording nothing, where the measurement contradicts
// the statement and no reason is given.
record::Constraint set_constraint(record::Pass& pass, const std::string& because);

}  // namespace scale::constraint

// Jobs by which the program tests its own crash reporting (`scale doctor`, tests).
#pragma once

#include "engine/job.h"

namespace scale::engine {

// "engine.selftest_abort": aborts in the engine with the request's "message", as a failed assertion there would.
core::Json selftest_abort(const core::Json& request, JobContext& context);

// "engine.selftest_echo": answers with the request, after printing to stdout what must not disturb the answer.
core::Json selftest_echo(const core::Json& request, JobContext& context);

}  // namespace scale::engine

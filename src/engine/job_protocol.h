// The lines that parent and worker exchange; see job.h for their form.
#pragma once

#include <string>

#include "core/error.h"
#include "core/json.h"

namespace scale::engine {

core::Json error_to_json(const core::Error& error);

// An unknown kind (a worker of another version) becomes a worker error.
core::Error error_from_json(const core::Json& value);

// The lines of an engine log that say why it ended: the last few that speak of a failure, else the last few at all.
std::string telling_lines(const std::string& log, int limit);

}  // namespace scale::engine

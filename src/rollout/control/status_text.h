// Controller::status for people.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"
#include "record/pass.h"

namespace scale::rollout {

std::string status_text(const core::Json& status);

// What Controller::status would say if the gateway ran, from the state file and the log; empty where the pass has no
// rollout.
std::optional<core::Json> offline_status(const record::Pass& pass);

}  // namespace scale::rollout

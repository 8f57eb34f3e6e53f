// Controller::status for people.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"
#include "record/pass.h"

namespace scale::rollout {

std::string status_text(const core::Json& status);

// What Controller::status would say if the gateway ran; empty where the pass has no rollout. From the state file and
// the log, or from the database of the gateways that share the rollout. Its member "evidence_of" says whose traffic was
// counted where that is more, or less, than one would expect.
std::optional<core::Json> offline_status(const record::Pass& pass);

}  // namespace scale::rollout

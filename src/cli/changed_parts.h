// What has changed under a pass since its constraint was set, for the commands that only look.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/lineage.h"
#include "record/pass.h"

namespace scale::cli {

// Empty where there is no constraint, or no scale.toml to compare with. A part that cannot be examined (a model that is
// gone) is named with the reason instead of ending the command.
std::vector<std::string> changed_since_constraint(const std::filesystem::path& folder, const record::Lineage& lineage);

// Whether a rollout still serves what stage S was about: what differs now (without looking at the traffic), what the
// newest `scale evaluate check` found, and when. Changes nothing, runs no model.
struct StandingOfRollout {
    std::vector<std::string> changed;
    std::string traffic;  // one line on the newest check of live traffic since the set in force was assembled
};
StandingOfRollout standing_of_rollout(const record::Pass& pass);

}  // namespace scale::cli

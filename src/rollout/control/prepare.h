// What must stand before a slice opens: a passed gate, a candidate that was not rolled back, the original archived by
// content and both files verified by hash. Then the state file and the record say that the rollout has started.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "record/pass.h"
#include "rollout/replica/join.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct StartRequest {
    bool reset_latch = false;  // let a rolled-back candidate try again; needs a reason
    std::string because;
    bool slice = false;          // a low-stakes pass: open a slice all the same instead of deploying directly
    bool original_only = false;  // serve the original alone: no candidate, no rollout
    std::string who;
};

struct PreparedRollout {
    RolloutState state;
    bool resumed = false;  // an open rollout of the same candidate goes on
    std::string sentence;
};

// Throws a refusal where the framework forbids it, an input error where a file is missing or not what the record says.
PreparedRollout prepare_rollout(record::Pass& pass, const StartRequest& request);

// The candidate was rolled back, by the state file or by the record, and no reset came after.
bool is_latched(const record::Pass& pass, const RolloutState& state, const std::string& candidate_sha256);

// How this pass takes part in a rollout that several gateways share; empty where [rollout] names no database.
std::optional<JoinRequest> join_request(const std::filesystem::path& pass_folder,
                                        const record::RolloutSection& settings);

// Where an arm's weights lie: the archived object of the original (its own path until it is archived), the artefact.
std::filesystem::path original_weights(const record::Pass& pass);
std::filesystem::path candidate_weights(const record::Pass& pass);

// The rollback of a pass whose gateway does not run (or does not answer): writes the state and the record itself. Works
// without a usable scale.toml; where that names a database, its other gateways are told. The sentence says what is
// served now, and whether they were.
struct OfflineRollback {
    bool changed = false;
    bool was_promoted = false;
    RolloutState state;
    std::string sentence;
};
OfflineRollback roll_back_offline(const std::filesystem::path& pass_folder, const std::string& because,
                                  const std::string& who);

}  // namespace scale::rollout

// How a gateway takes part in a rollout that the database holds, or begins one there.
#pragma once

#include <string>

#include "rollout/replica/shared_store.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct JoinRequest {
    std::string database;
    std::string flag;
    std::string salt;     // digest
    std::string replica;  // this gateway's name
    bool reset_latch = false;
};

// `wanted`: the rollout to begin where none of its candidate is open. `before`: as this gateway left it; a rollback
// that the database has not heard of yet is told first. Returns the state that stands there, whosever it is. Throws a
// refusal where another candidate's rollout is open, where the candidate was rolled back, and where the salts differ;
// an io error where the database cannot be reached.
RolloutState join_rollout(const JoinRequest& request, const RolloutState& wanted, const RolloutState& before);

// Tells the database of a rollback while no gateway of this pass runs. False where it holds another rollout, or this
// one rolled back already.
bool tell_rollback(const JoinRequest& request, const RolloutState& rolled_back);

}  // namespace scale::rollout

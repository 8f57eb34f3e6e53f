// When the candidate's share may rise: only on evidence, never on time alone and never on missing data.
//
// The next step needs all of: the rollout runs (not paused); the step has lasted min_step_seconds; enough users had the
// candidate at this share; no harm; the arms get their shares. After the last step the share is held until a person
// promotes. The rollout pauses by itself when the arms do not get their shares.
#pragma once

#include <cstdint>
#include <string>

#include "record/pass_file.h"
#include "rollout/evidence/monitor.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct StepDecision {
    enum class Action { hold, advance, pause } action = Action::hold;
    std::string reason;  // what is waited for, or why
};

struct StepSituation {
    EvidenceVerdict verdict = EvidenceVerdict::undecided;
    std::uint64_t candidate_units = 0;  // at the present share
    std::int64_t now_ms = 0;
};

StepDecision decide_step(const record::RolloutSection& settings, const RolloutState& state,
                         const StepSituation& situation);

}  // namespace scale::rollout

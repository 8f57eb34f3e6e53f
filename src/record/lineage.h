// Where a pass stands, judged from its record alone.
//
// A stage is done when its newest defining entry ended well and names, among its parents, the newest defining entries
// of the stages it builds on. Doing an earlier stage again therefore makes every later one stale, by construction:
//
//   constraint ← decision ← calibration_set ← artefact ← verdict ← rollout_started
//        ↑__________________________________ budget ______↑
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/entry.h"

namespace scale::record {

enum class StageState { open, done, failed, inconclusive, stale, running };

std::string_view state_name(StageState state);

struct StageStatus {
    Stage stage = Stage::constraint;
    StageState state = StageState::open;
    std::string why;         // one sentence: what was done, or what makes it stale
    std::string decided_by;  // hash of the defining entry, "" where open
};

struct Lineage {
    std::vector<Entry> entries;
    std::vector<StageStatus> stages;  // in the order of all_stages

    const StageStatus& status(Stage stage) const;
    // The newest entry of the kind that is not stale, or none.
    const Entry* current(std::string_view kind) const;
    // Throws a refusal (exit 5) naming the first stage up to and including `stage` that is not done, and its command.
    void require_done(Stage stage) const;
    // The first stage that is not done, or none.
    std::optional<Stage> next() const;
};

Lineage judge(std::vector<Entry> entries);

}  // namespace scale::record

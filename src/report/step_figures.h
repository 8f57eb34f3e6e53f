// What each step of a pass took, beside what was expected of it before it started.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/entry.h"
#include "record/payload/usage.h"

namespace scale::report {

struct StepFigures {
    std::string command;                        // "scale set"
    std::optional<record::Forecast> predicted;  // none where the step was not run by `scale run`
    record::Usage took;                         // of the newest entry that the step left
    bool resumed = false;                       // an earlier run of the step was interrupted; `took` is the last one's
};

// In the order of the stages; steps without an entry, or with one of an older program, are left out.
std::vector<StepFigures> step_figures(const std::vector<record::Entry>& entries);

// Cells: command, then predicted and actual time, memory and disk; "–" where there is none.
std::vector<std::string> cells_of(const StepFigures& step);

}  // namespace scale::report

#include "rollout/control/step_plan.h"

#include <fmt/format.h>

#include "core/text.h"

namespace scale::rollout {

namespace {

using Action = StepDecision::Action;

std::string at_the_last_step(const record::RolloutSection& settings, const RolloutState& state,
                             const StepSituation& situation) {
    const double hours = static_cast<double>(situation.now_ms - state.started_ms) / 3'600'000;
    if (situation.verdict == EvidenceVerdict::safe) return "safety is shown; 'scale evaluate promote' promotes";
    if (hours > settings.deadline_hours)
        return fmt::format("undecided after {:.0f} hours (deadline {:.0f}): the share is held, nothing is promoted",
                           hours, settings.deadline_hours);
    return "last step: the share is held until safety is shown and someone promotes";
}

}  // namespace

StepDecision decide_step(const record::RolloutSection& settings, const RolloutState& state,
                         const StepSituation& situation) {
    if (state.status != RolloutStatus::canary)
        return {Action::hold, fmt::format("the rollout is {}", to_string(state.status))};
    if (situation.verdict == EvidenceVerdict::harm) return {Action::hold, "harm was found"};
    if (situation.verdict == EvidenceVerdict::invalid)
        return {Action::pause, "the arms do not get their shares: assignment or logging is broken"};
    if (state.step + 1 >= static_cast<int>(settings.steps.size()))
        return {Action::hold, at_the_last_step(settings, state, situation)};
    const double elapsed = static_cast<double>(situation.now_ms - state.step_started_ms) / 1000;
    if (elapsed < settings.min_step_seconds)
        return {Action::hold,
                fmt::format("the step lasts at least {}", core::human_duration(settings.min_step_seconds))};
    if (situation.candidate_units < settings.min_step_users)
        return {Action::hold, fmt::format("{} of {} users needed had the candidate in this step",
                                          situation.candidate_units, settings.min_step_users)};
    return {Action::advance, fmt::format("no harm among {} users of the candidate in {}", situation.candidate_units,
                                         core::human_duration(elapsed))};
}

}  // namespace scale::rollout

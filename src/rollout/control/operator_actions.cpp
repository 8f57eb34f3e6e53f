// What a person may ask of a running rollout.
#include <fmt/format.h>

#include "record/stage.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;

std::string or_default(const std::string& because, const std::string& otherwise) {
    return because.empty() ? otherwise : because;
}

}  // namespace

ActionReply RolloutController::reply(int status, const std::string& message) const {
    ActionReply given;
    given.status = status;
    given.message = message;
    given.epoch = state_.epoch;
    given.details = {{"status", to_string(state_.status)},
                     {"share_ppm", share()},
                     {"reason", state_.reason},
                     {"verdict", to_string(book_->monitor().verdict())}};
    return given;
}

ActionReply RolloutController::not_written() const {
    return reply(503, options_.link == nullptr ? "the state file cannot be written; nothing has changed"
                                               : "the database does not answer; nothing has changed so far");
}

ActionReply RolloutController::promote(const std::string& because, const std::string& who) {
    if (state_.status == RolloutStatus::promoted) return reply(200, "the candidate is promoted already");
    if (state_.experimenting() && blind())
        return reply(409, "nothing can be concluded: " + (state_problem_.empty() ? rebuilt_.problem : state_problem_));
    if (!state_.experimenting() || share() == 0)
        return reply(409, fmt::format("nothing to promote: the rollout is {}", to_string(state_.status)));
    const Monitor& monitor = book_->monitor();
    const EvidenceVerdict verdict = monitor.verdict();
    if (verdict == EvidenceVerdict::harm) return reply(409, "harm was found: " + monitor.sentence());
    if (verdict != EvidenceVerdict::safe && because.empty())
        return reply(409, fmt::format("not shown to be safe ({}): {}; state a reason to promote all the same",
                                      to_string(verdict), monitor.sentence()));
    bool changed = false;
    const std::string reason = or_default(because, monitor.sentence());
    if (!change(reason, who, [&](RolloutState& state) {
            if (!state.experimenting() || state.is_latched(state.candidate_sha256)) return false;
            state.status = RolloutStatus::promoted;
            state.weight_ppm = whole_ppm;
            return changed = true;
        }))
        return not_written();
    if (!changed) return reply(409, fmt::format("the rollout is {} by now", to_string(state_.status)));
    append_own(kind::promoted, {{"because", because}, {"shown_safe", verdict == EvidenceVerdict::safe}});
    return reply(200, "promoted: all traffic goes to the candidate; the original stays warm and archived");
}

ActionReply RolloutController::rollback(const std::string& because, const std::string& who) {
    if (state_.status == RolloutStatus::rolled_back && !killed_)
        return reply(200, "rolled back already: all traffic goes to the original");
    roll_back(or_default(because, "asked for"), who, false);
    if (options_.link != nullptr)
        return reply(200,
                     "rolled back: all traffic goes to the original; the other gateways hear of it by the database");
    return reply(200, killed_ ? "rolled back in memory; the state file cannot be written yet, it is tried again"
                              : "rolled back: all traffic goes to the original");
}

ActionReply RolloutController::pause(const std::string& because, const std::string& who) {
    bool changed = false;
    if (!change(or_default(because, "paused by hand"), who, [&](RolloutState& state) {
            if (state.status != RolloutStatus::canary) return false;
            state.status = RolloutStatus::paused;
            return changed = true;
        }))
        return not_written();
    if (!changed) return reply(409, fmt::format("cannot pause: the rollout is {}", to_string(state_.status)));
    append_own(kind::rollout_step, {{"step", state_.step}, {"status", "paused"}});
    return reply(200, "paused: the share is held");
}

ActionReply RolloutController::resume(const std::string& because, const std::string& who) {
    if (book_->monitor().mismatch() && because.empty())
        return reply(409, "the arms do not get their shares; state a reason to go on all the same");
    bool changed = false;
    if (!change(or_default(because, "resumed by hand"), who, [&](RolloutState& state) {
            if (state.status != RolloutStatus::paused) return false;
            state.status = RolloutStatus::canary;
            state.step_started_ms = options_.now_ms();
            return changed = true;
        }))
        return not_written();
    if (!changed) return reply(409, fmt::format("cannot resume: the rollout is {}", to_string(state_.status)));
    append_own(kind::rollout_step, {{"step", state_.step}, {"status", "canary"}});
    return reply(200, "resumed");
}

// A promotion and a rollback outlast the gateway; an experiment does not, unless others go on with it.
ActionReply RolloutController::stop(const std::string& because, const std::string& who) {
    if (options_.link != nullptr)
        return reply(200, "this gateway ends once its streams have finished; the rollout goes on at the others");
    bool changed = false;
    change(or_default(because, "stopped by hand"), who, [&](RolloutState& state) {
        if (!state.experimenting()) return false;
        state.status = RolloutStatus::stopped;
        state.weight_ppm = 0;
        return changed = true;
    });
    if (changed) append(kind::rollout_stopped, core::Json::object());
    return reply(200, changed ? "the rollout is stopped; the gateway ends once its streams have finished"
                              : "the gateway ends once its streams have finished");
}

}  // namespace scale::rollout

// The controller where several gateways share the rollout through a database (replica/replica_link.h).
//
// The shared state decides, but for two things that each gateway does at once and alone: it stops sending people to the
// candidate, and it remembers that it has.
#include <chrono>

#include "core/error.h"
#include "core/progress.h"
#include "record/stage.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;

constexpr std::chrono::milliseconds change_limit{2000};

void set_rolled_back(RolloutState& state, const std::string& reason, const std::string& who, bool harm) {
    state.status = RolloutStatus::rolled_back;
    state.weight_ppm = 0;
    state.harm = harm;
    state.reason = reason;
    state.changed_by = who;
    if (!state.candidate_sha256.empty() && !state.is_latched(state.candidate_sha256))
        state.latched.push_back(state.candidate_sha256);
}

}  // namespace

bool RolloutController::change_shared(const Edit& edit) {
    const auto stands = options_.link->change(edit, change_limit);
    if (!stands) return false;
    adopt_shared(*stands);
    return true;
}

void RolloutController::take_news() {
    const ReplicaLink::News news = options_.link->take();
    for (const Record& record : news.evidence) book_->replay(record);
    if (news.state) adopt_shared(*news.state);
}

void RolloutController::adopt_shared(const RolloutState& shared) {
    const bool rolled_back = shared.status == RolloutStatus::rolled_back;
    // Our own rollback is on its way there.
    if (killed_ && !rolled_back) return;
    if (shared.epoch <= state_.epoch) return;
    const RolloutState before = state_;
    RolloutState next = shared;
    next.started_hash = before.started_hash;  // each pass has a record of its own, and servers of its own
    next.original_url = before.original_url;
    next.candidate_url = before.candidate_url;
    try {
        file_.replace(next);
        file_version_ = file_.version();
        state_problem_.clear();
    } catch (const core::Error& error) {
        core::say(error.found());  // the database has it; the next start reads it there
    }
    killed_ = false;
    adopt(next);
    if (next.status == before.status && next.step == before.step) return;
    switch (next.status) {
        case RolloutStatus::rolled_back:
            return append(kind::rolled_back, {{"harm", next.harm}, {"automatic", next.changed_by == "gateway"}});
        case RolloutStatus::promoted:
            return append(kind::promoted, {{"because", next.reason},
                                           {"shown_safe", book_->monitor().verdict() == EvidenceVerdict::safe}});
        case RolloutStatus::stopped:
            return append(kind::rollout_stopped, core::Json::object());
        case RolloutStatus::draft:
        case RolloutStatus::canary:
        case RolloutStatus::paused:
            return append(kind::rollout_step, {{"step", next.step}, {"status", to_string(next.status)}});
    }
}

// Nothing goes to the candidate any more; here that becomes durable, and the others are told.
void RolloutController::roll_back_shared() {
    if (state_.status != RolloutStatus::rolled_back) {
        RolloutState stopped = state_;
        set_rolled_back(stopped, killed_reason_, killed_by_, killed_for_harm_);
        try {
            file_.replace(stopped);
            file_version_ = file_.version();
            adopt(stopped);
            append(kind::rolled_back, {{"harm", killed_for_harm_}, {"automatic", killed_by_ == "gateway"}});
        } catch (const core::Error& error) {
            core::say(error.found());
        }
    }
    options_.link->insist([experiment = state_.experiment, reason = killed_reason_, who = killed_by_,
                           harm = killed_for_harm_](RolloutState& state) {
        if (state.experiment != experiment || state.status == RolloutStatus::rolled_back) return false;
        set_rolled_back(state, reason, who, harm);
        return true;
    });
}

// Somebody else wrote the state file. It can take the candidate away, and nothing else.
void RolloutController::look_at_file() {
    file_version_ = file_.version();
    const StateFile::Loaded loaded = file_.load();
    state_problem_ = loaded.state ? "" : loaded.problem.empty() ? "the state file is missing" : loaded.problem;
    if (!state_problem_.empty()) core::say(state_problem_ + ": all traffic goes to the original");
    publish();
    if (!loaded.state || loaded.state->experiment != state_.experiment || loaded.state->effective_ppm() > 0) return;
    if (state_.effective_ppm() > 0) roll_back(loaded.state->reason, loaded.state->changed_by, loaded.state->harm);
}

}  // namespace scale::rollout

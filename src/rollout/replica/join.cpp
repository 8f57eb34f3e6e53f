#include "rollout/replica/join.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds answer_limit{5000};
constexpr int most_attempts = 20;  // where others change the row at the same time

bool is_open(const RolloutState& state) {
    return state.experimenting() || state.status == RolloutStatus::promoted;
}

bool tell(SharedStore& store, const JoinRequest& request, const RolloutState& rolled_back) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const auto row = store.load();
        if (!row || row->state.experiment != rolled_back.experiment || !is_open(row->state)) return false;
        RolloutState state = row->state;
        ++state.epoch;
        state.status = RolloutStatus::rolled_back;
        state.weight_ppm = 0;
        state.harm = rolled_back.harm;
        state.reason = rolled_back.reason;
        state.changed_by = rolled_back.changed_by;
        if (!state.is_latched(state.candidate_sha256)) state.latched.push_back(state.candidate_sha256);
        if (store.replace(state, request.replica)) return true;
    }
    throw core::io_error("the database's rollout changes faster than it can be rolled back");
}

void check_row(const SharedRow& row, const JoinRequest& request, const RolloutState& wanted) {
    if (row.salt != request.salt)
        throw core::refused("the database's gateways assign users with another salt", "one salt for all of them",
                            "copy .scale/rollout/salt from the first one");
    const RolloutState& state = row.state;
    if (is_open(state) && state.candidate_sha256 != wanted.candidate_sha256)
        throw core::refused(fmt::format("the database holds the rollout {} of another candidate ({:.12}…)",
                                        state.experiment, state.candidate_sha256),
                            "one candidate at a time", "scale rollback there, or another flag in [rollout]");
    if (state.is_latched(wanted.candidate_sha256) && !request.reset_latch)
        throw core::refused(fmt::format("this candidate ({:.12}…) was rolled back, says the database: {}",
                                        wanted.candidate_sha256, state.reason),
                            "another candidate, or a reset with a reason",
                            "scale evaluate start --reset-latch --because \"…\"");
}

}  // namespace

RolloutState join_rollout(const JoinRequest& request, const RolloutState& wanted, const RolloutState& before) {
    SharedStore store(request.database, request.flag, answer_limit);
    if (before.status == RolloutStatus::rolled_back) tell(store, request, before);
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const auto row = store.load();
        if (!row) {
            RolloutState first = wanted;
            first.epoch = wanted.epoch + 1;
            if (store.create(first, request.salt, request.replica)) return first;
            continue;
        }
        check_row(*row, request, wanted);
        if (is_open(row->state) && !row->state.is_latched(wanted.candidate_sha256)) return row->state;
        RolloutState next = wanted;
        next.epoch = row->state.epoch + 1;
        next.latched = row->state.latched;
        if (request.reset_latch) std::erase(next.latched, wanted.candidate_sha256);
        if (store.replace(next, request.replica)) return next;
    }
    throw core::io_error("the database's rollout changes faster than it can be joined");
}

bool tell_rollback(const JoinRequest& request, const RolloutState& rolled_back) {
    SharedStore store(request.database, request.flag, answer_limit);
    return tell(store, request, rolled_back);
}

}  // namespace scale::rollout

#include <fmt/format.h>

#include "core/error.h"
#include "rollout/control/prepare.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;

// One sentence more for the person who rolls back; "" without a database.
std::string told_others(const std::filesystem::path& pass_folder, const RolloutState& state) {
    try {
        const record::Pass pass(pass_folder);
        const auto shared = join_request(pass_folder, pass.file().rollout);
        if (!shared) return "";
        return tell_rollback(*shared, state) ? "; the other gateways hear of it by the database"
                                             : "; the database had nothing of it to roll back";
    } catch (const core::Error& error) {
        return "; THE OTHER GATEWAYS WERE NOT TOLD: " + error.found() + "; run this again";
    }
}

}  // namespace

OfflineRollback roll_back_offline(const std::filesystem::path& pass_folder, const std::string& because,
                                  const std::string& who) {
    record::Store store(pass_folder);
    const auto entries = store.read();
    const record::Entry* started = record::latest(entries, kind::rollout_started);
    StateFile file(rollout_folder(pass_folder));
    const std::string reason = because.empty() ? "asked for" : because;
    core::Json payload = {{"reason", reason}, {"by", who}, {"automatic", false}, {"harm", false}};
    if (!started && !file.load().state) {
        payload["reason"] = "no rollout was open: the original is what is served";
        store.append({record::Stage::rollout, kind::rolled_back, {}, payload});
        return {true, false, {}, "no rollout is open; the original is what is served"};
    }
    OfflineRollback result;
    result.state = file.update([&](RolloutState& state) {
        // After damage the file does not say which candidate; the record does.
        if (state.candidate_sha256.empty() && started) {
            state.candidate_sha256 = started->payload.value("candidate_sha256", "");
            state.original_sha256 = started->payload.value("original_sha256", "");
            state.experiment = started->payload.value("experiment", "");
            state.started_hash = started->hash;
        }
        if (state.status == RolloutStatus::rolled_back && state.is_latched(state.candidate_sha256)) return false;
        result.was_promoted = state.status == RolloutStatus::promoted;
        state.status = RolloutStatus::rolled_back;
        state.weight_ppm = 0;
        state.harm = false;
        state.reason = reason;
        state.changed_by = who;
        if (!state.is_latched(state.candidate_sha256)) state.latched.push_back(state.candidate_sha256);
        return result.changed = true;
    });
    // A gateway killed between its state and its record left the record behind: completed here.
    const record::Entry* recorded = record::latest(entries, kind::rolled_back);
    if (result.changed || !recorded || (started && recorded->seq < started->seq)) {
        payload["reason"] = result.state.reason;
        payload["harm"] = result.state.harm;
        payload["epoch"] = result.state.epoch;
        payload["experiment"] = result.state.experiment;
        payload["original_sha256"] = result.state.original_sha256;
        payload["candidate_sha256"] = result.state.candidate_sha256;
        std::vector<std::string> parents;
        if (!result.state.started_hash.empty()) parents.push_back(result.state.started_hash);
        store.append({record::Stage::rollout, kind::rolled_back, parents, payload});
    }
    result.sentence = result.changed
                          ? fmt::format("rolled back (epoch {}): the candidate gets no traffic", result.state.epoch)
                          : fmt::format("rolled back already (epoch {}): {}", result.state.epoch, result.state.reason);
    result.sentence += told_others(pass_folder, result.state);
    return result;
}

}  // namespace scale::rollout

#include "rollout/control/routing_table.h"

#include "rollout/assignment/secret.h"

namespace scale::rollout {

Assignment RoutingTable::assign(const RequestIdentity& identity) const {
    Assignment assignment;
    assignment.epoch = facts_.epoch;
    const UnitKey key = unit_key(identity);
    assignment.key = key.kind;
    assignment.unit = assigner_->digest("unit", key.value);
    if (!identity.session.empty()) assignment.session = assigner_->digest("session", identity.session);
    const std::int64_t share = facts_.share_ppm;
    if (share <= 0 || (facts_.lease && !facts_.lease->valid())) return assignment;
    assignment.propensity_ppm = share;
    if (facts_.experimenting) assignment.experiment = facts_.experiment;
    if (!identity.forced_arm.empty() && same_secret(identity.operator_token, operator_token_)) {
        assignment.arm = identity.forced_arm == to_string(Arm::candidate) ? Arm::candidate : Arm::original;
        return assignment;
    }
    assignment.arm = assigner_->arm(facts_.experiment, key.value, share);
    assignment.excluded = !facts_.experimenting || share >= whole_ppm;
    return assignment;
}

}  // namespace scale::rollout

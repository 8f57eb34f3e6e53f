// How a rollout is shown: as JSON for `scale evaluate status` and the report, as text for Prometheus.
#include <cmath>

#include <fmt/format.h>

#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

core::Json RolloutController::arm_json(Arm arm) const {
    const ArmStatus& status = arm == Arm::candidate ? candidate_status_ : original_status_;
    const ArmCounts& counts = book_->monitor().counts(arm);
    return {{"server", arm == Arm::candidate && !candidate_ ? "none" : to_string(status.state)},
            {"address", fmt::format("{}:{}{}", status.upstream.host, status.upstream.port, status.upstream.base_path)},
            {"pid", status.pid},
            {"restarts", status.restarts},
            {"problem", status.problem},
            {"tls_problem", status.tls_problem},
            {"requests", counts.requests},
            {"users", counts.units},
            {"failures", counts.failures}};
}

core::Json RolloutController::status() const {
    core::Json status = {{"state", to_json(state_)},
                         {"state_problem", state_problem_},
                         {"evidence_from", to_json(rebuilt_)},
                         {"share_ppm", share()},
                         {"steps", options_.settings.steps},
                         {"hold", hold_},
                         {"arms", {{"original", arm_json(Arm::original)}, {"candidate", arm_json(Arm::candidate)}}},
                         {"evidence", book_->monitor().to_json()},
                         {"feedback_parked", book_->parked()},
                         {"record_pending", record_.pending()},
                         {"record_problem", record_.problem()},
                         {"changed", audit_.changed()},
                         {"model", options_.served_model}};
    if (options_.log_status) status["log_kept"] = options_.log_status();
    if (options_.link != nullptr) {
        status["replicas"] = options_.link->status();
        status["evidence_of"] = "the live traffic of all gateways of this rollout";
    }
    return status;
}

core::Json RolloutController::live(bool whole_history) const {
    const record::RolloutSection& settings = options_.settings;
    core::Json shown = status();
    shown["live"] = book_->live_json(whole_history);
    shown["audit"] = audit_.to_json();
    shown["audit_problem"] = audit_.problem();
    shown["traffic_check"] = audit_.traffic_check();
    shown["flag"] = settings.flag;
    shown["step_users"] = book_->candidate_units_at(state_.weight_ppm);
    shown["settings"] = {{"min_step_seconds", settings.min_step_seconds},
                         {"min_step_users", settings.min_step_users},
                         {"deadline_hours", settings.deadline_hours}};
    return shown;
}

std::optional<std::int64_t> RolloutController::evidence_end_ms() const {
    if (state_.experimenting()) return std::nullopt;
    return audit_.end_of(state_.experiment);
}

RolloutVerdict RolloutController::verdict() const {
    RolloutVerdict now;
    now.verdict = to_string(book_->monitor().verdict());
    now.sentence = book_->monitor().sentence();
    now.status = to_string(state_.status);
    now.share_ppm = share();
    now.epoch = state_.epoch;
    // Killed in memory, not yet in the file; or a state that nobody can read: whoever asks must not go on.
    if (killed_) now.status = to_string(RolloutStatus::rolled_back);
    if (blind()) {
        now.verdict = "invalid";
        now.sentence = state_problem_.empty() ? rebuilt_.problem : state_problem_;
    }
    return now;
}

std::string RolloutController::metrics() const {
    const Monitor& monitor = book_->monitor();
    const core::Json evidence = monitor.to_json();
    std::string text = fmt::format(
        "# HELP scale_rollout_share Share of users on the candidate.\n# TYPE scale_rollout_share gauge\n"
        "scale_rollout_share {}\n"
        "# HELP scale_rollout_epoch Number of the rollout state in force.\n# TYPE scale_rollout_epoch counter\n"
        "scale_rollout_epoch {}\n",
        static_cast<double>(share()) / static_cast<double>(whole_ppm), state_.epoch);
    if (options_.link != nullptr)
        text += fmt::format(
            "# HELP scale_rollout_lease 1 while this gateway may send users to the candidate.\n"
            "# TYPE scale_rollout_lease gauge\nscale_rollout_lease {}\n",
            options_.link->lease()->valid() ? 1 : 0);
    text += fmt::format(
        "# HELP scale_rollout_changed_parts Parts of what stage S was about that scale evaluate check found changed.\n"
        "# TYPE scale_rollout_changed_parts gauge\nscale_rollout_changed_parts {}\n",
        audit_.changed().size());
    text += "# HELP scale_rollout_status 1 for the status in force.\n# TYPE scale_rollout_status gauge\n";
    for (int i = 0; i <= static_cast<int>(RolloutStatus::stopped); ++i) {
        const auto status = static_cast<RolloutStatus>(i);
        text += fmt::format("scale_rollout_status{{status=\"{}\"}} {}\n", to_string(status),
                            status == state_.status ? 1 : 0);
    }
    const auto per_arm = [&](const char* name, const char* help, auto value) {
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n", name, help);
        for (const Arm arm : {Arm::original, Arm::candidate})
            text += fmt::format("{}{{arm=\"{}\"}} {}\n", name, to_string(arm), value(monitor.counts(arm)));
    };
    per_arm("scale_rollout_requests_total", "Requests in the evidence, by assigned arm.",
            [](const ArmCounts& counts) { return counts.requests; });
    per_arm("scale_rollout_users_total", "Users in the evidence, by assigned arm.",
            [](const ArmCounts& counts) { return counts.units; });
    per_arm("scale_rollout_failures_total", "Requests that the assigned arm did not answer well.",
            [](const ArmCounts& counts) { return counts.failures; });
    for (const char* test : {"harm", "safety"}) {
        const std::string name = fmt::format("scale_rollout_{}_log_evidence", test);
        text += fmt::format("# HELP {0} Natural logarithm of the {1} test's evidence.\n# TYPE {0} gauge\n", name, test);
        for (const auto& [guardrail, figures] : evidence["guardrails"].items())
            text += fmt::format("{}{{guardrail=\"{}\"}} {}\n", name, guardrail, figures[test]["log_e"].get<double>());
    }
    text += fmt::format(
        "# HELP scale_rollout_share_check_log_bayes_factor Evidence that the arms do not get their "
        "shares.\n# TYPE scale_rollout_share_check_log_bayes_factor gauge\n"
        "scale_rollout_share_check_log_bayes_factor {}\n",
        evidence["share_check"]["log_bayes_factor"].get<double>());
    return text;
}

}  // namespace scale::rollout

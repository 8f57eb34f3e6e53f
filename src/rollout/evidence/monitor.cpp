#include "rollout/evidence/monitor.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/hash.h"
#include "rollout/assignment/assigner.h"

namespace scale::rollout {

namespace {

double share_of(const Assigned& request) {
    return static_cast<double>(request.propensity) / static_cast<double>(whole_ppm);
}

LatencyTest::Options latency_options(const MonitorOptions& options, double alpha) {
    return {.alpha = alpha, .margin = std::log1p(options.latency_margin), .minimum = options.latency_minimum};
}

core::Json latency_json(const LatencyTest& test) {
    core::Json json = {{"units", test.count()},
                       {"candidate_units", test.on_candidate()},
                       {"margin_ratio", std::exp(test.margin())},
                       {"enough", test.enough()},
                       {"harm", test.harm()},
                       {"safe", test.safe()}};
    if (test.enough()) {
        json["ratio"] = std::exp(test.effect());
        json["ratio_low"] = std::exp(test.effect() - test.halfwidth());
        json["ratio_high"] = std::exp(test.effect() + test.halfwidth());
    }
    return json;
}

core::Json counts_json(const ArmCounts& counts) {
    return {{"requests", counts.requests},
            {"units", counts.units},
            {"failures", counts.failures},
            {"units_with_event", counts.events}};
}

}  // namespace

const char* to_string(EvidenceVerdict verdict) {
    switch (verdict) {
        case EvidenceVerdict::harm:
            return "harm";
        case EvidenceVerdict::safe:
            return "safe";
        case EvidenceVerdict::undecided:
            return "undecided";
        case EvidenceVerdict::invalid:
            return "invalid";
    }
    return "undecided";
}

bool arm_failed(const Admit& admit, const Finish& finish) {
    return finish.served_by != admit.arm || finish.outcome == Outcome::server_error ||
           finish.outcome == Outcome::truncated || finish.outcome == Outcome::timeout;
}

Monitor::Monitor(const MonitorOptions& options)
    : options_(options),
      first_token_(latency_options(options, harm_alpha())),
      per_token_(latency_options(options, harm_alpha())) {
    for (const auto& name : options_.guardrails)
        guardrails_.push_back({name,
                               EventTest(TestDirection::harm, options_.harm_ratio),
                               EventTest(TestDirection::safety, options_.safe_ratio),
                               {}});
}

double Monitor::harm_alpha() const {
    return options_.alpha / static_cast<double>(options_.guardrails.size() + 2);
}

void Monitor::finished(const Admit& admit, const Finish& finish) {
    if (admit.excluded || finish.outcome == Outcome::interrupted) return;
    const Assigned request = assigned(admit);
    see_unit(request);
    ++of(admit.arm).requests;
    const bool failed = arm_failed(admit, finish);
    if (!failed && (finish.outcome == Outcome::client_error || finish.outcome == Outcome::client_aborted)) return;
    if (admit.arm == Arm::candidate) hard_limit_.add(failed, admit.unit);
    if (!failed) return time_request(request, admit.stream, finish);
    ++of(admit.arm).failures;
    event("server_error", request);
    if (finish.outcome == Outcome::truncated) event("truncated", request);
    if (finish.outcome == Outcome::timeout) event("timeout", request);
}

void Monitor::bad_feedback(const std::string& name, const Admit& admit) {
    if (!admit.excluded) bad_feedback(name, assigned(admit));
}

void Monitor::bad_feedback(const std::string& name, const Assigned& request) {
    see_unit(request);
    event(name, request);
}

void Monitor::see_unit(const Assigned& request) {
    if (!units_.insert(request.unit).second) return;
    ++of(request.arm).units;
    shares_.add(request.arm == Arm::candidate, share_of(request));
}

void Monitor::event(const std::string& name, const Assigned& request) {
    for (auto& guardrail : guardrails_) {
        if (guardrail.name != name || !guardrail.units.insert(request.unit).second) continue;
        ++of(request.arm).events[name];
        guardrail.harm.add(request.arm == Arm::candidate, share_of(request));
        guardrail.safety.add(request.arm == Arm::candidate, share_of(request));
    }
}

void Monitor::time_request(const Assigned& request, bool streamed, const Finish& finish) {
    const bool on_candidate = request.arm == Arm::candidate;
    // Without streaming the first byte comes with the last: it is no time to first token.
    if (streamed && finish.ttft_ms > 0 && first_token_units_.insert(request.unit).second)
        first_token_.add(std::log(finish.ttft_ms), on_candidate, share_of(request));
    if (finish.completion_tokens > 0 && finish.duration_ms > 0 && per_token_units_.insert(request.unit).second)
        per_token_.add(std::log(finish.duration_ms / static_cast<double>(finish.completion_tokens)), on_candidate,
                       share_of(request));
}

std::vector<std::string> Monitor::harms() const {
    std::vector<std::string> found;
    for (const auto& guardrail : guardrails_) {
        if (!guardrail.harm.reached(harm_alpha())) continue;
        found.push_back(fmt::format(
            "{}: {} of the units with one are the candidate's, {} the original's; E = {:.3g} against {:.3g}",
            guardrail.name, guardrail.harm.events_on_candidate(), guardrail.harm.events_on_original(),
            std::exp(guardrail.harm.highest_log_evidence()), 1 / harm_alpha()));
    }
    if (hard_limit_.tripped())
        found.push_back(fmt::format("server failures: {} of the candidate's {} requests, over the hard limit",
                                    hard_limit_.failures(), hard_limit_.requests()));
    for (const auto& [name, test] : {std::pair{"time to first token", &first_token_}, {"time per token", &per_token_}})
        if (test->harm())
            found.push_back(fmt::format("{}: the candidate takes {:.2f} times as long ({} units), {:.2f} is tolerated",
                                        name, std::exp(test->effect()), test->count(), std::exp(test->margin())));
    return found;
}

bool Monitor::harmed() const {
    if (hard_limit_.tripped() || first_token_.harm() || per_token_.harm()) return true;
    return std::any_of(guardrails_.begin(), guardrails_.end(),
                       [this](const Guardrail& guardrail) { return guardrail.harm.reached(harm_alpha()); });
}

EvidenceVerdict Monitor::verdict() const {
    if (harmed()) return EvidenceVerdict::harm;
    if (mismatch()) return EvidenceVerdict::invalid;
    bool safe = !guardrails_.empty() && first_token_.safe() && per_token_.safe();
    for (const auto& guardrail : guardrails_) safe = safe && guardrail.safety.reached(options_.beta);
    return safe ? EvidenceVerdict::safe : EvidenceVerdict::undecided;
}

std::string Monitor::sentence() const {
    switch (verdict()) {
        case EvidenceVerdict::harm:
            return fmt::format("{}", fmt::join(harms(), "; "));
        case EvidenceVerdict::invalid:
            return fmt::format("the arms do not get their shares ({} candidate and {} original units)",
                               shares_.candidate_units(), shares_.original_units());
        case EvidenceVerdict::safe:
            return "every guardrail's safety test has passed";
        case EvidenceVerdict::undecided:
            break;
    }
    std::vector<std::string> open;
    for (const auto& guardrail : guardrails_)
        if (!guardrail.safety.reached(options_.beta)) open.push_back(guardrail.name);
    if (!first_token_.safe()) open.push_back("time to first token");
    if (!per_token_.safe()) open.push_back("time per token");
    return fmt::format("no harm found; safety not shown yet for {}", fmt::join(open, ", "));
}

EvidenceLevels Monitor::levels() const {
    EvidenceLevels now;
    for (const auto& guardrail : guardrails_) {
        now.harm.push_back(guardrail.harm.log_evidence());
        now.safety.push_back(guardrail.safety.log_evidence());
    }
    now.share_check = shares_.log_evidence();
    now.hard_limit = hard_limit_.level();
    return now;
}

core::Json Monitor::to_json() const {
    core::Json guardrails = core::Json::object();
    for (const auto& guardrail : guardrails_)
        guardrails[guardrail.name] = {{"candidate_units", guardrail.harm.events_on_candidate()},
                                      {"original_units", guardrail.harm.events_on_original()},
                                      {"harm",
                                       {{"log_e", guardrail.harm.highest_log_evidence()},
                                        {"log_threshold", -std::log(harm_alpha())},
                                        {"p_value", guardrail.harm.p_value()},
                                        {"reached", guardrail.harm.reached(harm_alpha())}}},
                                      {"safety",
                                       {{"log_e", guardrail.safety.highest_log_evidence()},
                                        {"log_threshold", -std::log(options_.beta)},
                                        {"p_value", guardrail.safety.p_value()},
                                        {"reached", guardrail.safety.reached(options_.beta)}}}};
    return {{"verdict", to_string(verdict())},
            {"sentence", sentence()},
            {"alpha", options_.alpha},
            {"beta", options_.beta},
            {"harm_ratio", options_.harm_ratio},
            {"safe_ratio", options_.safe_ratio},
            {"guardrails", guardrails},
            {"latency", {{"first_token", latency_json(first_token_)}, {"per_token", latency_json(per_token_)}}},
            {"share_check",
             {{"log_bayes_factor", shares_.log_evidence()},
              {"log_threshold", std::log(1000.0)},
              {"candidate_units", shares_.candidate_units()},
              {"original_units", shares_.original_units()},
              {"mismatch", shares_.mismatch()}}},
            {"hard_limit",
             {{"level", hard_limit_.level()},
              {"limit", HardLimit::limit()},
              {"failures", hard_limit_.failures()},
              {"requests", hard_limit_.requests()},
              {"tripped", hard_limit_.tripped()}}},
            {"arms", {{"original", counts_json(original_)}, {"candidate", counts_json(candidate_)}}}};
}

}  // namespace scale::rollout

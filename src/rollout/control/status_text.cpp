#include "rollout/control/status_text.h"

#include <cmath>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/text.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

constexpr std::uint64_t little_room = std::uint64_t{1} << 30;

// E itself up to a million, beyond that its power of ten.
std::string evidence(double log_e) {
    if (log_e > std::log(1e6)) return fmt::format("1e{:.0f}", log_e / std::log(10.0));
    return fmt::format("{:.2f}", std::exp(log_e));
}

std::string percent(const core::Json& ppm) {
    return fmt::format("{:g} %", ppm.get<double>() / 1e4);
}

// What somebody has to see to, whatever the evidence says.
std::vector<std::string> problems_of(const core::Json& status) {
    std::vector<std::string> problems;
    for (const char* problem : {"state_problem", "record_problem"})
        if (const std::string text = status.value(problem, ""); !text.empty()) problems.push_back(text);
    const core::Json log = status.value("log", core::Json::object());
    const bool strict = log.value("durability", "") == "strict";
    if (const std::string text = log.value("failure", ""); !text.empty())
        problems.push_back(fmt::format("the log cannot be written: {}; {}", text,
                                       strict ? "clients get 503" : "everybody gets the original, without evidence"));
    const auto free_bytes = log.value("free_bytes", std::uint64_t{0});
    if (free_bytes > 0 && free_bytes < little_room)
        problems.push_back(fmt::format("the log's disk has {} left", core::human_bytes(free_bytes)));
    if (const std::string text = status.value("evidence_from", core::Json::object()).value("problem", "");
        !text.empty())
        problems.push_back(
            fmt::format("the evidence is not whole: {}; an open rollout sends everybody to the original", text));
    if (const core::Json kept = status.value("log_kept", core::Json()); kept.is_object())
        if (const std::string text = kept.value("problem", ""); !text.empty())
            problems.push_back("the log's checkpoint: " + text);
    for (const auto& [name, arm] : status.at("arms").items())
        if (const std::string text = arm.value("tls_problem", ""); !text.empty())
            problems.push_back(fmt::format("towards the {}'s server: {}", name, text));
    const core::Json replicas = status.value("replicas", core::Json::object());
    const std::string stage = status.at("state").value("status", "");
    const bool open = stage == "canary" || stage == "paused" || stage == "promoted";
    if (open && !replicas.value("lease", true))
        problems.push_back(
            fmt::format("no lease of the database ({}): everybody gets the original", replicas.value("problem", "")));
    const core::Json gateway = status.value("gateway", core::Json::object());
    if (const std::string text = gateway.value("tls", core::Json::object()).value("problem", ""); !text.empty())
        problems.push_back(text);
    return problems;
}

std::string headline(const core::Json& status) {
    const core::Json& state = status.at("state");
    std::string line =
        fmt::format("rollout {}: {}, epoch {}, {} of the users on the candidate", state.value("experiment", ""),
                    state.value("status", ""), state.value("epoch", 0), percent(status.at("share_ppm")));
    if (state.value("status", "") == "canary")
        line += fmt::format(" (step {} of {})", state.value("step", 0) + 1, status.at("steps").size());
    line += "\n  " + state.value("reason", "") + " (" + state.value("changed_by", "") + ")";
    for (const std::string& problem : problems_of(status)) line += "\n  problem: " + problem;
    return line;
}

// Where segments of the log are removed; "" elsewhere.
std::string kept_log(const core::Json& status) {
    const core::Json kept = status.value("log_kept", core::Json());
    if (!kept.is_object() || kept.value("keep_days", 0.0) <= 0) return {};
    std::string text =
        fmt::format("log: segments from {} on, {} removed since the start; older than {:g} days they go",
                    kept.value("first_segment", 0), kept.value("removed", 0), kept.value("keep_days", 0.0));
    if (const std::string held = kept.value("held", ""); !held.empty()) text += "; " + held;
    return text + "\n";
}

std::string arms_table(const core::Json& status) {
    std::string text = fmt::format("{:<10} {:<12} {:<22} {:>9} {:>8} {:>9}\n", "arm", "server", "address", "requests",
                                   "users", "failures");
    for (const char* name : {"original", "candidate"}) {
        const core::Json& arm = status.at("arms").at(name);
        text += fmt::format("{:<10} {:<12} {:<22} {:>9} {:>8} {:>9}\n", name, arm.value("server", ""),
                            arm.value("address", ""), arm.value("requests", 0), arm.value("users", 0),
                            arm.value("failures", 0));
        if (const std::string problem = arm.value("problem", ""); !problem.empty()) text += "  " + problem + "\n";
    }
    return text;
}

std::string guardrail_table(const core::Json& found) {
    std::string text = fmt::format("{:<20} {:>9} {:>9}   {:<22} {:<22}\n", "users with a bad event", "candidate",
                                   "original", "E of harm (limit)", "E of safety (limit)");
    for (const auto& [name, figures] : found.at("guardrails").items()) {
        const auto shown = [&](const char* test) {
            const core::Json& one = figures.at(test);
            return fmt::format("{} ({}){}", evidence(one.at("log_e")), evidence(one.at("log_threshold")),
                               one.at("reached").get<bool>() ? " reached" : "");
        };
        text += fmt::format("{:<22} {:>9} {:>9}   {:<22} {:<22}\n", name, figures.value("candidate_units", 0),
                            figures.value("original_units", 0), shown("harm"), shown("safety"));
    }
    return text;
}

std::string latency_lines(const core::Json& found) {
    std::string text;
    for (const auto& [key, label] :
         {std::pair{"first_token", "time to first token"}, {"per_token", "time per token"}}) {
        const core::Json& test = found.at("latency").at(key);
        if (!test.at("enough").get<bool>()) {
            text += fmt::format("{}: too few users to tell ({} of the candidate)\n", label,
                                test.value("candidate_users", test.value("candidate_units", 0)));
            continue;
        }
        text += fmt::format("{}: candidate over original {:.3f} [{:.3f}, {:.3f}] ({} users), {:.2f} is tolerated{}\n",
                            label, test.at("ratio").get<double>(), test.at("ratio_low").get<double>(),
                            test.at("ratio_high").get<double>(), test.value("units", 0),
                            test.at("margin_ratio").get<double>(), test.at("harm").get<bool>() ? ": HARM" : "");
    }
    return text;
}

}  // namespace

std::string status_text(const core::Json& status) {
    const core::Json& found = status.at("evidence");
    return fmt::format("{}\n\n{}\n{}{}\nverdict: {}: {}\n{}{}\n(measured on {}; each interval holds at every look)",
                       headline(status), arms_table(status), guardrail_table(found), latency_lines(found),
                       found.value("verdict", ""), found.value("sentence", ""),
                       status.value("hold", "").empty() ? "" : "share: " + status.value("hold", "") + "\n",
                       kept_log(status), status.value("evidence_of", "this gateway's live traffic"));
}

}  // namespace scale::rollout

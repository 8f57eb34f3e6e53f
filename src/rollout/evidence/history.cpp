#include "rollout/evidence/history.h"

#include <algorithm>
#include <cmath>

namespace scale::rollout {

namespace {

// Six digits tell a chart all it can show.
core::Json rounded(double value) {
    if (!std::isfinite(value)) return nullptr;
    return std::round(value * 1e4) / 1e4;
}

}  // namespace

void EvidenceHistory::observe(std::int64_t time_ms, std::optional<std::int64_t> share_ppm, const Monitor& monitor,
                              const RecentTimes& times) {
    newest_ms_ = std::max(newest_ms_, time_ms);
    newest_share_ppm_ = share_ppm.value_or(newest_share_ppm_);
    if (!points_.empty() && newest_ms_ - points_.back().time_ms < spacing_ms_) return;
    points_.push_back(point_now(monitor, times));
    if (points_.size() < limits_.points) return;
    std::size_t kept = 1;
    for (std::size_t i = 2; i < points_.size(); i += 2) points_[kept++] = std::move(points_[i]);
    points_.resize(kept);
    spacing_ms_ *= 2;
}

EvidenceHistory::Point EvidenceHistory::point_now(const Monitor& monitor, const RecentTimes& times) const {
    Point point;
    point.time_ms = newest_ms_;
    point.share_ppm = newest_share_ppm_;
    for (const Arm arm : {Arm::original, Arm::candidate}) {
        const auto at = static_cast<std::size_t>(arm);
        const ArmCounts& counts = monitor.counts(arm);
        point.requests[at] = counts.requests;
        point.failures[at] = counts.failures;
        point.users[at] = counts.units;
        point.first_token_ms[at] = times.first_token(arm, 0.5);
        point.per_token_ms[at] = times.per_token(arm, 0.5);
    }
    point.levels = monitor.levels();
    return point;
}

core::Json EvidenceHistory::to_json(const Monitor& monitor, const RecentTimes& times) const {
    std::vector<Point> all = points_;
    if (!all.empty()) all.push_back(point_now(monitor, times));
    return columns(all, monitor.guardrail_names());
}

core::Json EvidenceHistory::newest_json(const Monitor& monitor, const RecentTimes& times) const {
    std::vector<Point> newest;
    if (!points_.empty()) newest.push_back(point_now(monitor, times));
    return columns(newest, monitor.guardrail_names());
}

core::Json EvidenceHistory::columns(const std::vector<Point>& points, const std::vector<std::string>& guardrails) {
    core::Json json;
    const auto fill = [&points](core::Json& column, auto value) {
        column = core::Json::array();
        for (const Point& point : points) column.push_back(value(point));
    };
    fill(json["time_ms"], [](const Point& point) { return point.time_ms; });
    fill(json["share_ppm"], [](const Point& point) { return point.share_ppm; });
    for (const Arm arm : {Arm::original, Arm::candidate}) {
        const auto at = static_cast<std::size_t>(arm);
        const char* name = to_string(arm);
        fill(json["requests"][name], [at](const Point& point) { return point.requests[at]; });
        fill(json["failures"][name], [at](const Point& point) { return point.failures[at]; });
        fill(json["users"][name], [at](const Point& point) { return point.users[at]; });
        fill(json["first_token_ms"][name], [at](const Point& point) { return rounded(point.first_token_ms[at]); });
        fill(json["per_token_ms"][name], [at](const Point& point) { return rounded(point.per_token_ms[at]); });
    }
    json["harm"] = json["safety"] = core::Json::object();
    for (std::size_t i = 0; i < guardrails.size(); ++i) {
        fill(json["harm"][guardrails[i]], [i](const Point& point) { return rounded(point.levels.harm[i]); });
        fill(json["safety"][guardrails[i]], [i](const Point& point) { return rounded(point.levels.safety[i]); });
    }
    fill(json["share_check"], [](const Point& point) { return rounded(point.levels.share_check); });
    fill(json["hard_limit"], [](const Point& point) { return rounded(point.levels.hard_limit); });
    return json;
}

}  // namespace scale::rollout

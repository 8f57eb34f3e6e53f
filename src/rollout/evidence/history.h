// What the evidence was at points in time, for charts.
//
// A plain function of the log, like the evidence itself: points are taken by the records' own times, so a replay gives
// the same ones. Memory is bounded: once there are too many points every other one goes, and later ones stand twice as
// far apart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "rollout/evidence/monitor.h"
#include "rollout/evidence/recent_times.h"

namespace scale::rollout {

class EvidenceHistory {
  public:
    struct Limits {
        std::size_t points = 400;
        std::int64_t spacing_ms = 250;  // between two points, at first
    };

    explicit EvidenceHistory(Limits limits) : limits_(limits), spacing_ms_(limits.spacing_ms) {}
    EvidenceHistory() : EvidenceHistory(Limits{}) {}

    // After a record of that time has entered the monitor. `share_ppm`: at which its request was assigned; empty for
    // feedback, whose request may be an old one.
    void observe(std::int64_t time_ms, std::optional<std::int64_t> share_ppm, const Monitor& monitor,
                 const RecentTimes& times);

    // Columns of equal length, the state after the newest record last:
    // {"time_ms":[…], "share_ppm":[…], "requests":{"original":[…],"candidate":[…]}, "failures":…, "users":…,
    //  "first_token_ms":{arm:[… or null]}, "per_token_ms":…, "harm":{guardrail:[ln E]}, "safety":…, "share_check":[ln
    //  B], "hard_limit":[level]}
    core::Json to_json(const Monitor& monitor, const RecentTimes& times) const;
    // The last entry of each column, in columns of one.
    core::Json newest_json(const Monitor& monitor, const RecentTimes& times) const;

    std::size_t size() const { return points_.size(); }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(spacing_ms_, newest_ms_, newest_share_ppm_, points_);
    }

  private:
    struct Point {
        std::int64_t time_ms = 0;
        std::int64_t share_ppm = 0;
        std::array<std::uint64_t, 2> requests{};
        std::array<std::uint64_t, 2> failures{};
        std::array<std::uint64_t, 2> users{};
        std::array<double, 2> first_token_ms{};  // medians of the latest requests; NaN where there were none
        std::array<double, 2> per_token_ms{};
        EvidenceLevels levels;

        template <typename Archive>
        void exchange_state(Archive& archive) {
            archive(time_ms, share_ppm, requests, failures, users, first_token_ms, per_token_ms, levels);
        }
    };

    Point point_now(const Monitor& monitor, const RecentTimes& times) const;
    static core::Json columns(const std::vector<Point>& points, const std::vector<std::string>& guardrails);

    Limits limits_;
    std::int64_t spacing_ms_;
    std::int64_t newest_ms_ = 0;
    std::int64_t newest_share_ppm_ = 0;
    std::vector<Point> points_;
};

}  // namespace scale::rollout

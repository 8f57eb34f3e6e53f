// Who changed the rollout, when and why: the rollout's entries of the pass's record, the newest first, for people who
// look. The record itself stays the proof.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::rollout {

class AuditTrail {
  public:
    // Reads the pass's record. One that cannot be read is no reason to stop serving: see problem().
    explicit AuditTrail(const std::filesystem::path& pass_folder);

    // An entry that is on its way to the record.
    void add(const std::string& kind, const core::Json& payload, std::int64_t time_ms);

    // When the experiment ended, by the record; empty while it goes on.
    std::optional<std::int64_t> end_of(const std::string& experiment) const;

    // [{"time_ms","kind","by","reason","epoch","weight_ppm","status","harm","experiment"}]
    core::Json to_json() const;
    // The newest traffic check of stage A, {"time_ms","verdict","look","sentence"}; null where there was none.
    const core::Json& traffic_check() const { return traffic_check_; }
    // What a check found to differ from what stage S was about; empty where nothing is known to (kind::reopened).
    const std::vector<std::string>& changed() const { return changed_; }
    const std::string& problem() const { return problem_; }

  private:
    std::deque<core::Json> entries_;
    core::Json traffic_check_;
    std::vector<std::string> changed_;
    std::string problem_;
};

}  // namespace scale::rollout

// The latest feedback and the latest failures, for people who look. Newest first, bounded; texts are cut.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "core/json.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class RecentEvents {
  public:
    // `arm`: of the request that the feedback is about, empty while that is not known.
    void feedback(const Feedback& feedback, std::optional<Arm> arm, bool counted);
    // Feedback that waited for its request, by its id.
    void feedback_found(const std::string& id, Arm arm, bool counted);
    void failure(const Admit& admit, const Finish& finish);

    // [{"time_ms","id","name","value","comment","arm" or null,"counted"}]
    core::Json feedback_json() const;
    // [{"time_ms","request_id","arm","outcome","status","upstream_status","error","fallback"}]
    core::Json failures_json() const;

    // Nothing of what was given belongs to the experiment at hand.
    void count_none() {
        for (Given& given : feedback_) given.counted = false;
    }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(feedback_, failures_);
    }

  private:
    struct Given {
        std::int64_t time_ms = 0;
        std::string id;
        std::string name;
        core::Json value;
        std::string comment;
        std::optional<Arm> arm;
        bool counted = false;

        template <typename Archive>
        void exchange_state(Archive& archive) {
            archive(time_ms, id, name, value, comment, arm, counted);
        }
    };
    std::deque<Given> feedback_;
    std::deque<core::Json> failures_;
};

}  // namespace scale::rollout

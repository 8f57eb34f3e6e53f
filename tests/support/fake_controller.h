// A controller that does as the test says and remembers what the gateway told it.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rollout/control/controller.h"

namespace scale::test {

// Routing and controller in one; its members may be set before the gateway starts.
class FakeController final : public rollout::Controller, public rollout::Routing {
  public:
    std::atomic<rollout::Arm> arm{rollout::Arm::original};
    rollout::Upstream original;
    rollout::Upstream candidate;
    std::atomic<bool> is_ready{true};
    std::atomic<std::int64_t> shadow{0};

    struct Ended {
        rollout::Admit admit;
        rollout::Finish finish;
    };

    // The first `count` ended requests; waits for them.
    std::vector<Ended> wait_for_ended(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ended_.size() >= count; });
        return ended_;
    }
    std::size_t ended_count() const {
        const std::lock_guard lock(mutex_);
        return ended_.size();
    }
    std::string last_user() const {
        const std::lock_guard lock(mutex_);
        return last_user_;
    }

    std::uint64_t routing_version() const override { return 1; }
    std::shared_ptr<const rollout::Routing> routing() const override {
        return {std::shared_ptr<const rollout::Routing>(), this};
    }
    rollout::Assignment assign(const rollout::RequestIdentity& identity) const override {
        const std::lock_guard lock(mutex_);
        last_user_ = identity.user;
        rollout::Assignment assignment;
        assignment.arm = arm;
        assignment.propensity_ppm = 500000;
        assignment.epoch = 7;
        assignment.experiment = "test";
        assignment.unit = "unit-of-" + std::string(identity.user);
        assignment.key = rollout::KeyKind::user;
        assignment.excluded = false;
        return assignment;
    }
    const rollout::Upstream& upstream(rollout::Arm which) const override {
        return which == rollout::Arm::original ? original : candidate;
    }
    std::int64_t shadow_ppm() const override { return shadow; }
    const std::string& served_model() const override { return model_; }
    std::string session_digest(std::string_view session) const override { return "digest-" + std::string(session); }
    void finished(const rollout::Admit& admit, const rollout::Finish& finish) override {
        const std::lock_guard lock(mutex_);
        ended_.push_back({admit, finish});
        changed_.notify_all();
    }
    rollout::FeedbackReply feedback(const rollout::Feedback& feedback) override {
        const std::lock_guard lock(mutex_);
        rollout::FeedbackReply reply;
        reply.duplicate = !feedback_ids_.insert(feedback.id).second;
        const auto known = std::find_if(ended_.begin(), ended_.end(), [&](const Ended& ended) {
            return ended.finish.response_id == feedback.response_id;
        });
        reply.parked = known == ended_.end();
        if (!reply.parked) reply.request_id = known->admit.request_id;
        return reply;
    }
    core::Json status() const override { return {{"state", "canary"}}; }
    core::Json live(bool whole_history) const override {
        const std::lock_guard lock(mutex_);
        return {{"whole", whole_history}, {"shown", shown_}};
    }
    // What the live page is given next.
    void show(std::string text) {
        const std::lock_guard lock(mutex_);
        shown_ = std::move(text);
    }
    const std::string& flag() const override { return flag_; }
    rollout::RolloutVerdict verdict() const override {
        const std::lock_guard lock(mutex_);
        return verdict_;
    }
    void set_verdict(const std::string& verdict, const std::string& status) {
        const std::lock_guard lock(mutex_);
        verdict_.verdict = verdict;
        verdict_.status = status;
    }
    std::string metrics() const override { return "scale_rollout_share_ppm 500000\n"; }
    bool ready() const override { return is_ready; }
    bool authorised(std::string_view token) const override { return token == "secret"; }
    rollout::ActionReply promote(const std::string&, const std::string&) override {
        return {409, "the test is undecided", 7, {}};
    }
    rollout::ActionReply rollback(const std::string& because, const std::string&) override {
        return {200, "rolled back: " + because, 8, {}};
    }
    rollout::ActionReply pause(const std::string&, const std::string&) override { return {}; }
    rollout::ActionReply resume(const std::string&, const std::string&) override { return {}; }
    rollout::ActionReply stop(const std::string&, const std::string&) override { return {}; }
    void tick() override { ++ticks; }

    std::atomic<int> ticks{0};

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Ended> ended_;
    std::set<std::string> feedback_ids_;
    mutable std::string last_user_;
    std::string shown_;
    rollout::RolloutVerdict verdict_;
    const std::string model_ = "served-model";
    const std::string flag_ = "new-model";
};

}  // namespace scale::test

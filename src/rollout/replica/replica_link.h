// This gateway's part of a rollout that several share (shared_store.h). A thread of its own talks to the database; the
// controller asks and is told without waiting.
//
// Evidence counts in one order for all: a gateway ships its own once it is durable here, and counts it, like that of
// the others, when it reads it back. So all gateways feed the same sequence to the same tests, and the first event of a
// user is the same one everywhere.
//
// The lease: a gateway sends people to the candidate only while it spoke with the database within lease_time, counted
// from before the question, and has then seen the newest state, all evidence there, and shipped all of its own. Whoever
// is cut off therefore serves the original, until all of that holds again; nothing is lost meanwhile, for the log keeps
// what was not shipped. A rollback needs no lease: it holds here at once, and is written as soon as that can be.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "rollout/log/records.h"
#include "rollout/replica/lease.h"
#include "rollout/replica/local_evidence.h"
#include "rollout/replica/shared_store.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct ReplicaOptions {
    std::string database;  // connection string
    std::string flag;
    std::string experiment;  // the one that this gateway was started for
    std::string replica;     // this gateway's name, the same after a restart
    std::string salt;        // digest
    std::filesystem::path log_folder;
    LogStart log_start;
    std::chrono::milliseconds lease_time{5000};
    std::chrono::milliseconds look_time{200};  // between two looks where nobody notifies
};

class ReplicaLink {
  public:
    explicit ReplicaLink(ReplicaOptions options);
    ~ReplicaLink();
    ReplicaLink(const ReplicaLink&) = delete;
    ReplicaLink& operator=(const ReplicaLink&) = delete;

    std::shared_ptr<const Lease> lease() const { return lease_; }

    const std::string& experiment() const { return options_.experiment; }

    // From the control thread, in the log's order.
    void ship(const Admit& admit, const Finish& finish);
    void ship(const Feedback& feedback);

    // What has come since the last call; evidence in the order in which all count it.
    struct News {
        std::vector<Record> evidence;
        std::optional<RolloutState> state;
    };
    News take();

    // Edits the newest state; false leaves it alone. It may run several times, on the link's thread.
    using Edit = std::function<bool(RolloutState&)>;
    // Returns at once. The edit stands until the database has taken it or another one is insisted on; what came of it
    // is in the news.
    void insist(Edit edit);
    // The state that stands afterwards; empty where the database does not answer within `limit`. `edit` does not run
    // any more then, but a change that was under way may still be made; it is in the news.
    std::optional<RolloutState> change(const Edit& edit, std::chrono::milliseconds limit);

    core::Json status() const;

  private:
    struct Proposal {
        Edit edit;
        std::promise<std::optional<RolloutState>> done;
    };
    std::optional<RolloutState> settled(const Edit& edit);

    void run();
    void connect();
    void round();
    SharedRow look();
    void hold_name(Lease::Clock::time_point now);
    void settle_proposals();
    bool ship_evidence();
    bool read_evidence(std::uint64_t up_to);
    void renew_lease(Lease::Clock::time_point end);
    void wait_for_work(Lease::Clock::time_point round_began);
    void pause(std::chrono::milliseconds time);
    bool stopping() const;
    void wake() const;

    const ReplicaOptions options_;
    const std::string holder_;
    const std::shared_ptr<Lease> lease_ = std::make_shared<Lease>();
    LocalEvidence local_;
    core::FileDescriptor wake_;

    // Of the thread.
    std::unique_ptr<SharedStore> store_;
    std::uint64_t shipped_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t epoch_ = 0;
    Lease::Clock::time_point name_held_{};
    std::optional<std::uint64_t> regains_at_;  // generation of the news that has to be taken before the lease begins

    mutable std::mutex mutex_;
    std::condition_variable stop_changed_;
    std::deque<Proposal> proposals_;
    std::optional<Edit> insisted_;
    std::uint64_t insistences_ = 0;
    News news_;
    std::uint64_t generation_ = 0;  // grows with the news
    std::uint64_t taken_ = 0;       // the generation that was taken last
    std::string problem_ = "not connected yet";
    std::uint64_t shown_shipped_ = 0;
    std::uint64_t shown_read_ = 0;
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace scale::rollout

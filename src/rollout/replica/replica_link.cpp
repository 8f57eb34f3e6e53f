#include "rollout/replica/replica_link.h"

#include <exception>
#include <iterator>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/progress.h"
#include "core/secret_file.h"
#include "rollout/gateway/inbox.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds answer_limit{2000};
constexpr std::chrono::milliseconds retry_time{300};
constexpr std::chrono::milliseconds round_spacing{20};  // evidence that comes in meanwhile shares a shipment
constexpr int shipments_at_once = 50;
constexpr std::size_t most_untaken = 100'000;  // records that the controller has not seen yet
constexpr std::size_t most_waiting_bytes = 64 << 20;
constexpr int most_attempts = 20;  // of a change that others keep overtaking

}  // namespace

ReplicaLink::ReplicaLink(ReplicaOptions options)
    : options_(std::move(options)),
      holder_(core::random_hex(8)),
      local_(options_.log_folder, options_.experiment, most_waiting_bytes, options_.log_start),
      wake_(make_event()),
      thread_([this] { run(); }) {}

ReplicaLink::~ReplicaLink() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_changed_.notify_all();
    wake();
    thread_.join();
}

bool ReplicaLink::stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void ReplicaLink::wake() const {
    set_event(wake_.get());
}

void ReplicaLink::ship(const Admit& admit, const Finish& finish) {
    local_.ended(admit, finish);
    wake();
}

void ReplicaLink::ship(const Feedback& feedback) {
    local_.feedback(feedback);
    wake();
}

ReplicaLink::News ReplicaLink::take() {
    const std::lock_guard lock(mutex_);
    taken_ = generation_;
    return std::exchange(news_, {});
}

void ReplicaLink::insist(Edit edit) {
    {
        const std::lock_guard lock(mutex_);
        insisted_ = std::move(edit);
        ++insistences_;
    }
    wake();
}

std::optional<RolloutState> ReplicaLink::change(const Edit& edit, std::chrono::milliseconds limit) {
    struct Caller {
        std::mutex mutex;
        bool waits = true;
    };
    const auto caller = std::make_shared<Caller>();
    std::future<std::optional<RolloutState>> done;
    {
        const std::lock_guard lock(mutex_);
        if (!problem_.empty()) return std::nullopt;
        Proposal proposal;
        proposal.edit = [caller, &edit](RolloutState& state) {
            const std::lock_guard alive(caller->mutex);
            return caller->waits && edit(state);
        };
        done = proposal.done.get_future();
        proposals_.push_back(std::move(proposal));
    }
    wake();
    if (done.wait_for(limit) == std::future_status::ready) return done.get();
    const std::lock_guard lock(caller->mutex);
    caller->waits = false;
    return std::nullopt;
}

core::Json ReplicaLink::status() const {
    const std::lock_guard lock(mutex_);
    return {{"name", options_.replica},
            {"lease", lease_->valid()},
            {"problem", problem_},
            {"evidence_pieces", local_.count()},
            {"evidence_sent", shown_shipped_},
            {"evidence_read", shown_read_},
            {"waits_for_database", insisted_.has_value()}};
}

void ReplicaLink::run() {
    while (!stopping()) {
        const auto began = Lease::Clock::now();
        std::string problem;
        try {
            if (!store_) connect();
            round();
        } catch (const core::Error& failure) {
            problem = failure.found();
        } catch (const std::exception& failure) {
            problem = failure.what();
        }
        if (!problem.empty()) store_.reset();
        {
            const std::lock_guard lock(mutex_);
            shown_shipped_ = shipped_;
            shown_read_ = read_;
            if (problem != problem_)
                core::say("replicas: " + (problem.empty() ? "in touch with the database" : problem));
            problem_ = problem;
        }
        if (store_) {
            wait_for_work(began);
        } else {
            pause(retry_time);
        }
    }
}

void ReplicaLink::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    stop_changed_.wait_for(lock, time, [this] { return stopping_; });
}

void ReplicaLink::wait_for_work(Lease::Clock::time_point round_began) {
    try {
        store_->database().wait(options_.look_time, wake_.get());
    } catch (const core::Error&) {
        return;  // the next round finds out
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(round_began + round_spacing - Lease::Clock::now());
    if (left.count() > 0) pause(left);
}

void ReplicaLink::connect() {
    store_ = std::make_unique<SharedStore>(options_.database, options_.flag, answer_limit);
    // A shipment whose answer was lost with the connection may have arrived.
    shipped_ = std::max(shipped_, store_->shipped(options_.experiment, options_.replica));
}

SharedRow ReplicaLink::look() {
    const auto row = store_->load();
    if (!row)
        throw core::io_error("the database holds no rollout of the flag " + options_.flag, "the one that started");
    if (row->salt != options_.salt)
        throw core::io_error("the database's gateways assign users with another salt", "one salt for all",
                             "copy .scale/rollout/salt from the first one");
    if (row->state.experiment != options_.experiment)
        throw core::io_error(fmt::format("the rollout is {} by now", row->state.experiment), options_.experiment,
                             "start this gateway again to take part");
    if (row->state.epoch < epoch_ || row->evidence < read_)
        throw core::io_error(fmt::format("the database is at epoch {}, this gateway has seen {}: an older copy of it",
                                         row->state.epoch, epoch_),
                             "the database as it was", "roll back, and start the rollout again");
    return *row;
}

void ReplicaLink::round() {
    const auto began = Lease::Clock::now();
    hold_name(began);
    settle_proposals();
    look();
    const bool all_shipped = ship_evidence();
    const SharedRow row = look();  // as it stands after what we have shipped
    if (row.state.effective_ppm() == 0) lease_->close();
    const bool all_read = read_evidence(row.evidence);
    {
        const std::lock_guard lock(mutex_);
        if (row.state.epoch > epoch_) {
            news_.state = row.state;
            ++generation_;
        }
        epoch_ = row.state.epoch;
    }
    if (all_shipped && all_read && row.state.effective_ppm() > 0) renew_lease(began + options_.lease_time);
}

// After a loss the controller has to know what happened meanwhile before anybody goes to the candidate again.
void ReplicaLink::renew_lease(Lease::Clock::time_point end) {
    const std::lock_guard lock(mutex_);
    if (!lease_->valid()) {
        if (!regains_at_) regains_at_ = generation_;
        if (taken_ < *regains_at_) return;
    }
    regains_at_.reset();
    lease_->extend_to(end);
}

void ReplicaLink::hold_name(Lease::Clock::time_point now) {
    if (now - name_held_ < options_.lease_time / 3) return;
    if (!store_->hold_name(options_.replica, holder_, std::chrono::duration<double>(options_.lease_time).count()))
        throw core::io_error(fmt::format("another gateway is {} too", options_.replica), "a name for each gateway",
                             "remove .scale/rollout/replica from the copied pass");
    name_held_ = now;
}

bool ReplicaLink::ship_evidence() {
    bool all = true;
    local_.hand_out(shipped_, [&](std::uint64_t first, std::uint64_t last, const std::string& lines) {
        all = store_->ship(options_.experiment, options_.replica, first, last, lines);
        if (all) shipped_ = last;
        return all;
    });
    return all;
}

void ReplicaLink::settle_proposals() {
    std::unique_lock lock(mutex_);
    if (insisted_) {
        const Edit edit = *insisted_;
        const std::uint64_t number = insistences_;
        lock.unlock();
        const bool done = settled(edit).has_value();
        lock.lock();
        if (done && number == insistences_) insisted_.reset();
    }
    while (!proposals_.empty()) {
        Proposal proposal = std::move(proposals_.front());
        proposals_.pop_front();
        lock.unlock();
        try {
            proposal.done.set_value(settled(proposal.edit));
        } catch (const core::Error&) {
            proposal.done.set_value(std::nullopt);
            throw;
        }
        lock.lock();
    }
}

std::optional<RolloutState> ReplicaLink::settled(const Edit& edit) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        RolloutState state = look().state;
        const std::uint64_t epoch = state.epoch;
        if (!edit(state)) return state;
        state.epoch = epoch + 1;
        if (store_->replace(state, options_.replica)) return state;
    }
    return std::nullopt;
}

// False where the controller has to take what there is first.
bool ReplicaLink::read_evidence(std::uint64_t up_to) {
    while (read_ < up_to) {
        const auto shipments = store_->shipments(options_.experiment, read_, shipments_at_once);
        if (shipments.empty() || shipments.front().number != read_ + 1)
            throw core::io_error(fmt::format("shipment {} of the evidence is missing", read_ + 1),
                                 "the database as it was", "roll back, and start the rollout again");
        for (const Shipment& shipment : shipments) {
            std::vector<Record> records = records_of(shipment);
            const std::lock_guard lock(mutex_);
            std::move(records.begin(), records.end(), std::back_inserter(news_.evidence));
            ++generation_;
            read_ = shipment.number;
        }
        const std::lock_guard lock(mutex_);
        if (news_.evidence.size() > most_untaken) return read_ >= up_to;
    }
    return true;
}

}  // namespace scale::rollout

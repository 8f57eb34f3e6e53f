#include "rollout/control/rollout_controller.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "record/stage.h"
#include "record/store.h"
#include "rollout/assignment/secret.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;

// Time for the candidate's open streams after a rollback, before its server ends.
constexpr std::int64_t candidate_grace_ms = 120'000;
constexpr std::int64_t step_check_ms = 1000;
constexpr std::int64_t retry_ms = 1000;
// Whoever else changes the state file says so in the record right after.
constexpr std::int64_t audit_delay_ms = 1000;

}  // namespace

MonitorOptions monitor_options(const record::RolloutSection& settings) {
    MonitorOptions options;
    options.alpha = settings.alpha;
    options.beta = settings.beta;
    options.harm_ratio = settings.harm_ratio;
    options.safe_ratio = settings.safe_ratio;
    options.latency_margin = settings.latency_margin;
    options.guardrails = settings.guardrails;
    return options;
}

std::filesystem::path rollout_folder(const std::filesystem::path& pass_folder) {
    return pass_folder / ".scale" / "rollout";
}

RolloutController::RolloutController(ControllerOptions options, ArmView& original, ArmView* candidate)
    : options_(std::move(options)),
      file_(rollout_folder(options_.pass_folder)),
      assigner_(std::make_shared<Assigner>(load_or_make_secret(rollout_folder(options_.pass_folder) / "salt"))),
      operator_token_(load_or_make_secret(rollout_folder(options_.pass_folder) / "token")),
      original_(original),
      candidate_(candidate),
      record_(options_.pass_folder),
      audit_(options_.pass_folder) {
    if (!options_.now_ms)
        options_.now_ms = [] { return static_cast<std::int64_t>(core::now().time_since_epoch().count()); };
    load_state();
    book_ = std::make_unique<EvidenceBook>(monitor_options(options_.settings), state_.experiment);
    refresh_arms();
}

RolloutController::~RolloutController() = default;

void RolloutController::load_state() {
    file_version_ = file_.version();
    const StateFile::Loaded loaded = file_.load();
    state_problem_ = loaded.state ? "" : loaded.problem.empty() ? "the state file is missing" : loaded.problem;
    if (!state_problem_.empty()) core::say(state_problem_ + ": all traffic goes to the original");
    if (loaded.state) adopt(*loaded.state);
    publish();
}

void RolloutController::adopt(const RolloutState& state) {
    const bool was_open = state_.effective_ppm() > 0;
    state_ = state;
    if (was_open && state_.status == RolloutStatus::rolled_back && rolled_back_ms_ == 0)
        rolled_back_ms_ = options_.now_ms();
    publish();
}

bool RolloutController::blind() const {
    return !state_problem_.empty() || (state_.experimenting() && !rebuilt_.problem.empty());
}

const RebuiltEvidence& RolloutController::rebuild(const std::filesystem::path& log_folder) {
    if (state_.experiment.empty()) return rebuilt_;
    RebuildOptions options;
    options.started_ms = state_.started_ms;
    options.end_ms = evidence_end_ms();
    rebuilt_ = rebuild_evidence(log_folder, *book_, options);
    if (blind()) core::say(rebuilt_.problem + ": all traffic goes to the original");
    publish();
    return rebuilt_;
}

std::int64_t RolloutController::share() const {
    if (killed_ || blind() || !candidate_) return 0;
    if (options_.link != nullptr && !options_.link->lease()->valid()) return 0;
    return state_.effective_ppm();
}

void RolloutController::publish() {
    RoutingTable::Facts facts;
    facts.epoch = state_.epoch;
    facts.experiment = state_.experiment;
    facts.share_ppm = killed_ || blind() || !candidate_ ? 0 : state_.effective_ppm();
    if (options_.link != nullptr) facts.lease = options_.link->lease();
    facts.experimenting = state_.experimenting();
    facts.shadow_ppm = options_.settings.shadow_ppm;
    facts.original = original_status_.upstream;
    facts.candidate = candidate_status_.upstream;
    published_.publish(std::make_shared<RoutingTable>(std::move(facts), assigner_, operator_token_));
}

std::string RolloutController::session_digest(std::string_view session) const {
    return assigner_->digest("session", session);
}

void RolloutController::finished(const Admit& admit, const Finish& finish) {
    if (options_.link != nullptr) return options_.link->ship(admit, finish);
    book_->finished(admit, finish);
    judge_evidence();
}

FeedbackReply RolloutController::feedback(const Feedback& feedback) {
    if (options_.link != nullptr) {
        const FeedbackReply expected = book_->expect(feedback);
        if (expected.accepted) options_.link->ship(feedback);
        return expected;
    }
    const FeedbackReply given = book_->feedback(feedback);
    judge_evidence();
    return given;
}

bool RolloutController::ready() const {
    return routing()->upstream(Arm::original).healthy;
}

bool RolloutController::authorised(std::string_view token) const {
    return same_secret(token, operator_token_);
}

void RolloutController::judge_evidence() {
    if (killed_ || blind() || !state_.experimenting() || !book_->monitor().harmed()) return;
    roll_back(book_->monitor().sentence(), "gateway", true);
}

void RolloutController::roll_back(const std::string& reason, const std::string& who, bool harm) {
    killed_ = true;
    publish();
    killed_reason_ = reason;
    killed_by_ = who;
    killed_for_harm_ = harm;
    rolled_back_ms_ = options_.now_ms();
    core::say(fmt::format("rolled back by {}: {}", who, reason));
    retry_rollback();
}

// The decision stands in memory already; here it becomes durable.
void RolloutController::retry_rollback() {
    last_retry_ms_ = options_.now_ms();
    if (options_.link != nullptr) return roll_back_shared();
    bool changed = false;
    if (!change(killed_reason_, killed_by_, [&](RolloutState& state) {
            if (state.status == RolloutStatus::rolled_back) return false;
            state.status = RolloutStatus::rolled_back;
            state.weight_ppm = 0;
            state.harm = killed_for_harm_;
            if (!state.candidate_sha256.empty() && !state.is_latched(state.candidate_sha256))
                state.latched.push_back(state.candidate_sha256);
            return changed = true;
        }))
        return;
    killed_ = false;
    publish();
    if (changed) append(kind::rolled_back, {{"harm", killed_for_harm_}, {"automatic", killed_by_ == "gateway"}});
}

// Writes the edited state as the next epoch; false (and the disk's complaint said) where that fails.
bool RolloutController::change(const std::string& reason, const std::string& who, const Edit& edit) {
    const auto signed_edit = [&](RolloutState& state) {
        if (!edit(state)) return false;
        state.reason = reason;
        state.changed_by = who;
        return true;
    };
    if (options_.link != nullptr) return change_shared(signed_edit);
    try {
        const RolloutState before = state_;
        adopt(file_.update([&](RolloutState& state) {
            // A lost or damaged file is written anew from what we know.
            if (!state_problem_.empty() && state.epoch < before.epoch) state = before;
            return signed_edit(state);
        }));
        file_version_ = file_.version();
        state_problem_.clear();
        publish();
        return true;
    } catch (const core::Error& error) {
        core::say(error.found());
        return false;
    }
}

void RolloutController::append(const char* entry_kind, core::Json payload) {
    payload["reason"] = state_.reason;
    payload["by"] = state_.changed_by;
    payload["epoch"] = state_.epoch;
    payload["experiment"] = state_.experiment;
    payload["weight_ppm"] = state_.weight_ppm;
    payload["original_sha256"] = state_.original_sha256;
    payload["candidate_sha256"] = state_.candidate_sha256;
    payload["evidence"] = book_->monitor().to_json();
    std::vector<std::string> parents;
    if (!state_.started_hash.empty()) parents.push_back(state_.started_hash);
    audit_.add(entry_kind, payload, options_.now_ms());
    record_.add({record::Stage::rollout, entry_kind, parents, std::move(payload)});
}

void RolloutController::tick() {
    refresh_arms();
    if (options_.link != nullptr) take_news();
    const std::int64_t now = options_.now_ms();
    if (file_.version() != file_version_) {
        options_.link == nullptr ? load_state() : look_at_file();
        audit_due_ms_ = now + audit_delay_ms;
    }
    if (audit_due_ms_ != 0 && now >= audit_due_ms_ && record_.pending() == 0) {
        audit_ = AuditTrail(options_.pass_folder);
        audit_due_ms_ = 0;
    }
    if (killed_ && now - last_retry_ms_ >= retry_ms) retry_rollback();
    judge_candidate_server();
    judge_evidence();
    if (now - last_step_check_ms_ >= step_check_ms) {
        last_step_check_ms_ = now;
        take_step();
        look_at_record(now);
    }
    if (candidate_ && rolled_back_ms_ > 0 && now - rolled_back_ms_ >= candidate_grace_ms) {
        candidate_->request_stop();
        rolled_back_ms_ = 0;
    }
}

// Commands append to the record beside us: checks of the traffic, and what they found changed.
void RolloutController::look_at_record(std::int64_t now) {
    std::error_code missing;
    std::uintmax_t bytes = std::filesystem::file_size(record::Store(options_.pass_folder).file(), missing);
    if (missing) bytes = 0;
    if (record_bytes_ && *record_bytes_ != bytes && audit_due_ms_ == 0) audit_due_ms_ = now + audit_delay_ms;
    record_bytes_ = bytes;
}

void RolloutController::refresh_arms() {
    bool changed = false;
    const auto refresh = [&changed](const ArmView& arm, std::uint64_t& version, ArmStatus& status) {
        const std::uint64_t newest = arm.version();
        if (newest == version && version != 0) return;
        version = newest;
        status = arm.status();
        changed = true;
    };
    refresh(original_, original_version_, original_status_);
    if (candidate_) refresh(*candidate_, candidate_version_, candidate_status_);
    if (changed) publish();
}

// A candidate whose server is gone needs no statistics.
void RolloutController::judge_candidate_server() {
    if (!candidate_ || share() == 0) return;
    if (candidate_status_.state != ArmState::died && candidate_status_.state != ArmState::unreachable) return;
    roll_back(fmt::format("the candidate's server {}: {}",
                          candidate_status_.state == ArmState::died ? "died" : "cannot be reached",
                          candidate_status_.problem),
              "gateway", true);
}

void RolloutController::take_step() {
    StepSituation situation;
    situation.verdict = book_->monitor().verdict();
    situation.candidate_units = book_->candidate_units_at(state_.weight_ppm);
    situation.now_ms = options_.now_ms();
    const StepDecision decision = decide_step(options_.settings, state_, situation);
    hold_ = decision.reason;
    if (decision.action == StepDecision::Action::hold || share() == 0) return;
    const bool advance = decision.action == StepDecision::Action::advance;
    bool changed = false;
    const int step = state_.step;
    const auto edit = [&changed, advance, step, steps = options_.settings.steps,
                       now = situation.now_ms](RolloutState& state) {
        if (state.status != RolloutStatus::canary || state.step != step) return false;
        if (advance) {
            ++state.step;
            state.weight_ppm = steps[static_cast<std::size_t>(state.step)];
            state.step_started_ms = now;
        } else {
            state.status = RolloutStatus::paused;
        }
        return changed = true;
    };
    change(decision.reason, "gateway", edit);
    if (changed) append_own(kind::rollout_step, {{"step", state_.step}, {"status", to_string(state_.status)}});
}

}  // namespace scale::rollout

// The rollout of one candidate: assigns, gathers evidence, raises the share step by step, rolls back on harm.
//
// Of its own accord it only lowers the candidate's share, or raises it along the steps of scale.toml; promotion beyond
// them is a person's. A rollback takes effect in memory first, then in the state file, then in the record.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "record/pass_file.h"
#include "rollout/arms/arm_server.h"
#include "rollout/assignment/assigner.h"
#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/control/audit_trail.h"
#include "rollout/control/controller.h"
#include "rollout/control/record_writer.h"
#include "rollout/control/routing_table.h"
#include "rollout/control/step_plan.h"
#include "rollout/evidence/evidence_book.h"
#include "rollout/replica/replica_link.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct ControllerOptions {
    std::filesystem::path pass_folder;
    record::RolloutSection settings;
    std::string served_model;
    std::function<std::int64_t()> now_ms;  // wall clock by default
    ReplicaLink* link = nullptr;           // where several gateways share the rollout; outlives the controller
    std::function<core::Json()> log_status;  // LogKeeper::status; empty where nothing keeps the log
};

MonitorOptions monitor_options(const record::RolloutSection& settings);

// .scale/rollout of the pass.
std::filesystem::path rollout_folder(const std::filesystem::path& pass_folder);

class RolloutController : public Controller {
  public:
    // The arms must outlive the controller; `candidate` may be null (only the original is served).
    RolloutController(ControllerOptions options, ArmView& original, ArmView* candidate);
    ~RolloutController() override;

    // Before any traffic: the evidence of the gateway's log. Where nobody can know it, an open experiment sends
    // everybody to the original.
    const RebuiltEvidence& rebuild(const std::filesystem::path& log_folder);
    // Instead: the evidence of all gateways that share the rollout, in its order.
    void replay(const Record& record) { book_->replay(record); }
    // Records beyond this time are of no experiment, so a replay may end there; empty while one is under way.
    std::optional<std::int64_t> evidence_end_ms() const;

    std::uint64_t routing_version() const override { return published_.version(); }
    std::shared_ptr<const Routing> routing() const override { return published_.get(); }
    const std::string& served_model() const override { return options_.served_model; }
    const std::string& flag() const override { return options_.settings.flag; }
    std::string session_digest(std::string_view session) const override;
    void finished(const Admit& admit, const Finish& finish) override;
    FeedbackReply feedback(const Feedback& feedback) override;
    core::Json status() const override;
    core::Json live(bool whole_history) const override;
    RolloutVerdict verdict() const override;
    std::string metrics() const override;
    bool ready() const override;
    bool authorised(std::string_view token) const override;
    ActionReply promote(const std::string& because, const std::string& who) override;
    ActionReply rollback(const std::string& because, const std::string& who) override;
    ActionReply pause(const std::string& because, const std::string& who) override;
    ActionReply resume(const std::string& because, const std::string& who) override;
    ActionReply stop(const std::string& because, const std::string& who) override;
    void tick() override;

    const RolloutState& state() const { return state_; }
    // The record's entries are written by another thread; waits for it.
    void drain_record() { record_.drain(); }

  private:
    std::int64_t share() const;
    // Nobody goes to the candidate: the state file, or the evidence of the open experiment, cannot be trusted.
    bool blind() const;
    void load_state();
    void publish();
    void adopt(const RolloutState& state);
    using Edit = std::function<bool(RolloutState&)>;
    bool change(const std::string& reason, const std::string& who, const Edit& edit);
    void append(const char* kind, core::Json payload);
    // Where gateways share the rollout, each records what the shared state shows, whoever changed it.
    void append_own(const char* kind, core::Json payload) {
        if (options_.link == nullptr) append(kind, std::move(payload));
    }
    void roll_back(const std::string& reason, const std::string& who, bool harm);
    void retry_rollback();
    // Shared rollouts, see shared_rollout.cpp.
    bool change_shared(const Edit& edit);
    void adopt_shared(const RolloutState& shared);
    void roll_back_shared();
    void take_news();
    void look_at_file();
    void refresh_arms();
    void look_at_record(std::int64_t now);
    void judge_candidate_server();
    void judge_evidence();
    void take_step();
    ActionReply reply(int status, const std::string& message) const;
    ActionReply not_written() const;
    core::Json arm_json(Arm arm) const;

    ControllerOptions options_;
    StateFile file_;
    std::shared_ptr<const Assigner> assigner_;
    std::string operator_token_;
    ArmView& original_;
    ArmView* candidate_;
    std::uint64_t original_version_ = 0;
    std::uint64_t candidate_version_ = 0;
    ArmStatus original_status_;
    ArmStatus candidate_status_;
    RecordWriter record_;
    AuditTrail audit_;
    PublishedRouting published_;

    RolloutState state_;
    std::uint64_t file_version_ = 0;
    std::string state_problem_;  // the state file is missing or damaged: everything goes to the original
    // A rollback that is decided and perhaps not yet on disk: nothing goes to the candidate from here on.
    bool killed_ = false;
    std::string killed_reason_;
    std::string killed_by_;
    bool killed_for_harm_ = false;
    std::int64_t rolled_back_ms_ = 0;
    std::int64_t last_step_check_ms_ = 0;
    std::int64_t last_retry_ms_ = 0;
    std::int64_t audit_due_ms_ = 0;               // to be read again then; 0: not
    std::optional<std::uintmax_t> record_bytes_;  // as they were last seen
    std::string hold_;                            // why the share does not rise
    RebuiltEvidence rebuilt_;
    std::unique_ptr<EvidenceBook> book_;
};

}  // namespace scale::rollout

// The controller against arms that the test moves by hand, a clock that it sets, and a real state file and record.
#include <sstream>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/hash.h"
#include "record/live_log/segment_scan.h"
#include "record/reopened.h"
#include "record/store.h"
#include "rollout/control/rollout_controller.h"

namespace {

using namespace scale;
using namespace scale::rollout;

class FakeArm : public ArmView {
  public:
    explicit FakeArm(std::uint16_t port) {
        state.state = ArmState::healthy;
        state.upstream.host = "127.0.0.1";
        state.upstream.port = port;
        state.upstream.healthy = true;
    }
    ArmStatus status() const override { return state; }
    std::uint64_t version() const override { return changes; }
    void request_stop() override { stop_requested = true; }
    void becomes(ArmState next, const std::string& problem = {}) {
        state.state = next;
        state.problem = problem;
        state.upstream.healthy = next == ArmState::healthy;
        ++changes;
    }
    ArmStatus state;
    std::uint64_t changes = 1;
    bool stop_requested = false;
};

class ControllerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        settings.steps = {100'000, 300'000};
        settings.min_step_seconds = 10;
        settings.min_step_users = 5;
        settings.guardrails = {"thumbs_down", "server_error"};
        StateFile(rollout_folder(folder.path())).update([this](RolloutState& state) {
            state.experiment = "exp";
            state.status = RolloutStatus::canary;
            state.weight_ppm = settings.steps.front();
            state.original_sha256 = "original";
            state.candidate_sha256 = "candidate";
            state.started_ms = state.step_started_ms = clock;
            return true;
        });
        make();
    }
    void make() {
        controller.reset();
        ControllerOptions options;
        options.pass_folder = folder.path();
        options.settings = settings;
        options.served_model = "model";
        options.now_ms = [this] { return clock; };
        controller = std::make_unique<RolloutController>(options, original, &candidate);
    }
    Admit send(const std::string& user, Outcome outcome = Outcome::ok) {
        RequestIdentity identity;
        identity.user = user;
        const Assignment assigned = controller->routing()->assign(identity);
        Admit admit;
        admit.request_id = "req-" + std::to_string(++requests);
        admit.unit = assigned.unit;
        admit.arm = assigned.arm;
        admit.propensity = static_cast<std::uint32_t>(assigned.propensity_ppm);
        admit.epoch = assigned.epoch;
        admit.experiment = assigned.experiment;
        admit.excluded = assigned.excluded;
        Finish finish;
        finish.request_id = admit.request_id;
        finish.response_id = "resp-" + std::to_string(requests);
        finish.outcome = outcome;
        finish.served_by = admit.arm;
        controller->finished(admit, finish);
        return admit;
    }
    // A user who is assigned to the arm at the present share.
    std::string user_of(Arm arm) {
        for (;;) {
            const std::string user = "user-" + std::to_string(++users);
            RequestIdentity identity;
            identity.user = user;
            if (controller->routing()->assign(identity).arm == arm) return user;
        }
    }
    void thumbs_down_of_candidate_users(int count) {
        for (int i = 0; i < count; ++i) {
            if (controller->state().status == RolloutStatus::rolled_back) return;
            send(user_of(Arm::candidate));
            Feedback feedback;
            feedback.response_id = "resp-" + std::to_string(requests);
            feedback.name = "thumbs_down";
            feedback.value = true;
            controller->feedback(feedback);
        }
    }
    std::vector<std::string> recorded_kinds() {
        controller->drain_record();
        std::vector<std::string> kinds;
        for (const auto& entry : record::Store(folder.path()).read()) kinds.push_back(entry.kind);
        return kinds;
    }
    Arm arm_of(const std::string& user) {
        RequestIdentity identity;
        identity.user = user;
        return controller->routing()->assign(identity).arm;
    }

    core::TemporaryFolder folder;
    record::RolloutSection settings;
    std::int64_t clock = 1'000'000;
    FakeArm original{1001};
    FakeArm candidate{1002};
    std::unique_ptr<RolloutController> controller;
    int requests = 0;
    int users = 0;
};

TEST_F(ControllerTest, AssignmentCarriesAllThatTheTestsNeed) {
    RequestIdentity identity;
    identity.user = "somebody";
    identity.session = "chat-1";
    const Assignment assigned = controller->routing()->assign(identity);
    EXPECT_EQ(assigned.propensity_ppm, 100'000);
    EXPECT_EQ(assigned.epoch, 1u);
    EXPECT_EQ(assigned.experiment, "exp");
    EXPECT_EQ(assigned.unit.size(), 64u);
    EXPECT_EQ(assigned.key, KeyKind::user);
    EXPECT_EQ(assigned.session, controller->session_digest("chat-1"));
    EXPECT_FALSE(assigned.excluded);
    make();
    EXPECT_EQ(controller->routing()->assign(identity).unit, assigned.unit) << "a restart keeps the salt";
    EXPECT_EQ(controller->routing()->assign(identity).arm, assigned.arm);
}

TEST_F(ControllerTest, ForcedArmNeedsTheTokenAndIsNoEvidence) {
    const std::string token = core::read_file(rollout_folder(folder.path()) / "token").substr(0, 64);
    RequestIdentity identity;
    const std::string user = user_of(Arm::original);
    identity.user = user;
    identity.forced_arm = "candidate";
    EXPECT_EQ(controller->routing()->assign(identity).arm, Arm::original);
    identity.operator_token = "wrong";
    EXPECT_EQ(controller->routing()->assign(identity).arm, Arm::original);
    EXPECT_FALSE(controller->routing()->assign(identity).excluded);
    identity.operator_token = token;
    EXPECT_EQ(controller->routing()->assign(identity).arm, Arm::candidate);
    EXPECT_TRUE(controller->routing()->assign(identity).excluded);
    EXPECT_TRUE(controller->authorised(token));
    EXPECT_FALSE(controller->authorised(""));
}

TEST_F(ControllerTest, HarmRollsBackAtOnceAndLatches) {
    const std::string user = user_of(Arm::candidate);
    thumbs_down_of_candidate_users(50);
    EXPECT_EQ(controller->state().status, RolloutStatus::rolled_back);
    EXPECT_TRUE(controller->state().harm);
    EXPECT_TRUE(controller->state().is_latched("candidate"));
    EXPECT_EQ(arm_of(user), Arm::original) << "the same user goes to the original from the next request on";
    EXPECT_EQ(StateFile(rollout_folder(folder.path())).load().state->status, RolloutStatus::rolled_back);
    EXPECT_EQ(recorded_kinds(), std::vector<std::string>{"rolled_back"});
    const auto entry = record::Store(folder.path()).read().back();
    EXPECT_EQ(entry.payload["harm"], true);
    EXPECT_EQ(entry.payload["automatic"], true);
    EXPECT_EQ(entry.payload["evidence"]["verdict"], "harm");
    make();
    EXPECT_EQ(arm_of(user), Arm::original) << "also after a restart";
}

TEST_F(ControllerTest, RollbackStandsInMemoryWhileTheDiskRefuses) {
    const std::string user = user_of(Arm::candidate);
    const auto state = rollout_folder(folder.path()) / "state.json.new";
    std::filesystem::create_directory(state);  // the state cannot be written
    controller->rollback("now", "test");
    EXPECT_EQ(arm_of(user), Arm::original);
    EXPECT_EQ(StateFile(rollout_folder(folder.path())).load().state->status, RolloutStatus::canary);
    std::filesystem::remove(state);
    clock += 2000;
    controller->tick();
    EXPECT_EQ(StateFile(rollout_folder(folder.path())).load().state->status, RolloutStatus::rolled_back);
    EXPECT_EQ(recorded_kinds(), std::vector<std::string>{"rolled_back"});
}

TEST_F(ControllerTest, RollbackIsIdempotent) {
    EXPECT_EQ(controller->rollback("first", "test").status, 200);
    const auto epoch = controller->state().epoch;
    EXPECT_EQ(controller->rollback("second", "test").status, 200);
    EXPECT_EQ(controller->state().epoch, epoch);
    EXPECT_EQ(controller->state().reason, "first");
    EXPECT_EQ(recorded_kinds().size(), 1u);
    EXPECT_EQ(controller->promote("no", "test").status, 409);
    EXPECT_EQ(controller->resume("no", "test").status, 409);
}

TEST_F(ControllerTest, StepsNeedTimeAndUsers) {
    clock += 20'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 0) << "time alone does not raise the share";
    for (int i = 0; i < 5; ++i) send(user_of(Arm::candidate));
    clock += 2'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 1);
    EXPECT_EQ(controller->state().weight_ppm, 300'000);
    EXPECT_EQ(recorded_kinds(), std::vector<std::string>{"rollout_step"});
    for (int i = 0; i < 5; ++i) send(user_of(Arm::candidate));
    clock += 1'000'000'000;  // past every deadline
    controller->tick();
    EXPECT_EQ(controller->state().status, RolloutStatus::canary) << "missing evidence never promotes";
    EXPECT_EQ(controller->state().weight_ppm, 300'000);
    EXPECT_NE(controller->status()["hold"].get<std::string>().find("deadline"), std::string::npos);
}

TEST_F(ControllerTest, PauseHoldsTheShareAndResumeStartsTheStepAgain) {
    EXPECT_EQ(controller->pause("lunch", "test").status, 200);
    for (int i = 0; i < 5; ++i) send(user_of(Arm::candidate));
    clock += 20'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 0);
    EXPECT_EQ(controller->state().effective_ppm(), 100'000);
    EXPECT_EQ(controller->resume("", "test").status, 200);
    clock += 5'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 0);
    clock += 6'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 1);
}

TEST_F(ControllerTest, PromotionNeedsSafetyOrAReason) {
    const ActionReply refused = controller->promote("", "test");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.message.find("thumbs_down"), std::string::npos) << refused.message;
    const std::string user = user_of(Arm::original);
    EXPECT_EQ(controller->promote("we know it", "test").status, 200);
    EXPECT_EQ(arm_of(user), Arm::candidate);
    EXPECT_EQ(recorded_kinds(), std::vector<std::string>{"promoted"});
    EXPECT_EQ(record::Store(folder.path()).read().back().payload["because"], "we know it");
    EXPECT_EQ(controller->rollback("after all not", "test").status, 200);
    EXPECT_EQ(arm_of(user), Arm::original);
}

TEST_F(ControllerTest, HarmForbidsPromotionEvenWithAReason) {
    candidate.becomes(ArmState::healthy);
    for (int i = 0; i < 4; ++i) send(user_of(Arm::candidate), Outcome::server_error);
    EXPECT_EQ(controller->state().status, RolloutStatus::rolled_back) << "the hard limit";
    EXPECT_EQ(controller->promote("still", "test").status, 409);
}

TEST_F(ControllerTest, CandidateServerThatDiesIsRolledBack) {
    candidate.becomes(ArmState::died, "killed by signal 9 (Killed)");
    controller->tick();
    EXPECT_EQ(controller->state().status, RolloutStatus::rolled_back);
    EXPECT_TRUE(controller->state().harm);
    EXPECT_NE(controller->state().reason.find("killed by signal 9"), std::string::npos);
}

TEST_F(ControllerTest, OriginalServerThatDiesChangesNoShare) {
    original.becomes(ArmState::died, "exit status 1");
    controller->tick();
    EXPECT_EQ(controller->state().status, RolloutStatus::canary);
    EXPECT_FALSE(controller->ready());
    EXPECT_FALSE(controller->routing()->upstream(Arm::original).healthy);
    original.becomes(ArmState::healthy);
    controller->tick();
    EXPECT_TRUE(controller->ready());
}

TEST_F(ControllerTest, TakesOverAStateThatACommandWrote) {
    StateFile(rollout_folder(folder.path())).update([](RolloutState& state) {
        state.status = RolloutStatus::rolled_back;
        state.latched.push_back(state.candidate_sha256);
        return true;
    });
    const std::string user = user_of(Arm::candidate);
    controller->tick();
    EXPECT_EQ(arm_of(user), Arm::original);
    EXPECT_TRUE(recorded_kinds().empty()) << "who wrote the state writes the record";
}

TEST_F(ControllerTest, MissingOrDamagedStateServesTheOriginal) {
    const std::string user = user_of(Arm::candidate);
    const auto path = StateFile(rollout_folder(folder.path())).path();
    const std::string good = core::read_file(path);
    for (const char* text : {"garbage", ""}) {
        core::write_file_atomic(path, text);
        controller->tick();
        EXPECT_EQ(arm_of(user), Arm::original);
    }
    std::filesystem::remove(path);
    controller->tick();
    EXPECT_EQ(arm_of(user), Arm::original);
    core::write_file_atomic(path, good);
    controller->tick();
    EXPECT_EQ(arm_of(user), Arm::candidate);
    core::write_file_atomic(path, "garbage");
    controller->tick();
    controller->rollback("to be sure", "test");
    EXPECT_TRUE(StateFile(rollout_folder(folder.path())).load().state->is_latched("candidate"))
        << "a rollback makes a damaged file whole, with the latch";
}

// A pruned log without a checkpoint that fits: who has had a bad event already is not known any more.
TEST_F(ControllerTest, EvidenceThatNobodyKnowsServesTheOriginalUntilAPersonActs) {
    const std::string user = user_of(Arm::candidate);
    const auto log = rollout_folder(folder.path()) / "log";
    core::write_file_atomic(record::segment_path(log, 7),
                            record::framed_line(R"({"type":"shadow","request_id":"r","outcome":"ok","time_ms":)" +
                                                std::to_string(clock + 1) + "}"));
    controller->rebuild(log);
    EXPECT_EQ(arm_of(user), Arm::original);
    EXPECT_EQ(controller->verdict().verdict, "invalid");
    EXPECT_NE(controller->verdict().sentence.find("begins with segment 7"), std::string::npos);
    EXPECT_EQ(controller->status()["share_ppm"], 0);
    EXPECT_EQ(controller->promote("", "test").status, 409);
    clock += 1'000'000;
    controller->tick();
    EXPECT_EQ(controller->state().step, 0);
    EXPECT_EQ(controller->state().status, RolloutStatus::canary) << "nothing was found, for or against it";
    EXPECT_EQ(controller->stop("to begin anew", "test").status, 200);
    EXPECT_EQ(controller->state().status, RolloutStatus::stopped);
}

TEST_F(ControllerTest, CandidateServerStopsSomeTimeAfterARollback) {
    controller->rollback("now", "test");
    controller->tick();
    EXPECT_FALSE(candidate.stop_requested) << "open streams may finish";
    clock += 200'000;
    controller->tick();
    EXPECT_TRUE(candidate.stop_requested);
}

TEST_F(ControllerTest, StopEndsAnExperimentButNoPromotion) {
    EXPECT_EQ(controller->stop("", "test").status, 200);
    EXPECT_EQ(controller->state().status, RolloutStatus::stopped);
    EXPECT_EQ(recorded_kinds(), std::vector<std::string>{"rollout_stopped"});
    StateFile(rollout_folder(folder.path())).update([](RolloutState& state) {
        return state.status = RolloutStatus::promoted, true;
    });
    controller->tick();
    EXPECT_EQ(controller->stop("", "test").status, 200);
    EXPECT_EQ(controller->state().status, RolloutStatus::promoted);
}

TEST_F(ControllerTest, TheLivePageSaysWhoDidWhatAndStillDoesAfterARestart) {
    controller->pause("looking", "ann");
    controller->resume("looked", "ann");
    controller->rollback("users complain", "ben");
    const auto audit = [this] {
        std::vector<std::string> lines;
        const core::Json shown = controller->live(false);
        for (const auto& entry : shown["audit"])
            lines.push_back(entry["kind"].get<std::string>() + " " + entry["status"].get<std::string>() + " by " +
                            entry["by"].get<std::string>() + ": " + entry["reason"].get<std::string>());
        return lines;
    };
    const std::vector<std::string> expected = {"rolled_back  by ben: users complain",
                                               "rollout_step canary by ann: looked",
                                               "rollout_step paused by ann: looking"};
    EXPECT_EQ(audit(), expected);
    controller->drain_record();
    make();
    EXPECT_EQ(audit(), expected);
    ASSERT_TRUE(controller->evidence_end_ms()) << "an ended experiment has no evidence beyond its end";
    EXPECT_EQ(controller->live(false)["audit"][0]["time_ms"], *controller->evidence_end_ms());
}

TEST_F(ControllerTest, TheLivePageShowsWhatAnotherProcessDid) {
    EXPECT_FALSE(controller->evidence_end_ms());
    StateFile(rollout_folder(folder.path())).update([](RolloutState& state) {
        state.status = RolloutStatus::rolled_back;
        state.reason = "from a command";
        return true;
    });
    controller->tick();  // sees the state before the command has written its entry
    record::Store(folder.path())
        .append({record::Stage::rollout, "rolled_back", {}, {{"by", "ann"}, {"reason", "from a command"}}});
    clock += 2000;
    controller->tick();
    const core::Json shown = controller->live(false);
    ASSERT_EQ(shown["audit"].size(), 1u);
    EXPECT_EQ(shown["audit"][0]["by"], "ann");
    EXPECT_EQ(shown["share_ppm"], 0);
}

TEST_F(ControllerTest, WhatACheckFoundIsShownWhileItServes) {
    const auto ticks = [this] {
        for (int i = 0; i < 4; ++i) {
            clock += 1000;
            controller->tick();
        }
    };
    ticks();
    EXPECT_TRUE(controller->status()["changed"].empty());
    record::Store store(folder.path());
    const auto constraint =
        store.append({record::Stage::constraint, record::kind::constraint, {}, {{"kind", "memory"}}});
    store.append({record::Stage::constraint,
                  record::kind::reopened,
                  {constraint.hash},
                  {{"parts", {"engine (was 1, is 2)", "traffic (topic 'soup')"}}}});
    store.append({record::Stage::calibration, record::kind::traffic_check, {}, {{"verdict", "refresh"}}});
    ticks();
    EXPECT_EQ(controller->status()["changed"].size(), 2u);
    EXPECT_EQ(controller->live(false)["traffic_check"]["verdict"], "refresh");
    EXPECT_NE(controller->metrics().find("\nscale_rollout_changed_parts 2\n"), std::string::npos);
    store.append({record::Stage::constraint, record::kind::constraint, {}, {{"kind", "memory"}}});
    ticks();
    EXPECT_TRUE(controller->status()["changed"].empty());
}

TEST_F(ControllerTest, ARecordThatCannotBeReadIsSaidAndNoReasonToStop) {
    controller->pause("looking", "ann");
    controller->drain_record();
    core::write_file_atomic(record::Store(folder.path()).file(), "garbage\n");
    make();
    const core::Json shown = controller->live(false);
    EXPECT_TRUE(shown["audit"].empty());
    EXPECT_NE(shown["audit_problem"], "");
    EXPECT_EQ(shown["state"]["status"], "paused");
}

TEST_F(ControllerTest, MetricsAreWellFormed) {
    thumbs_down_of_candidate_users(1);
    std::istringstream lines(controller->metrics());
    std::string line;
    int samples = 0;
    while (std::getline(lines, line)) {
        if (line.starts_with("#")) continue;
        ++samples;
        EXPECT_TRUE(line.starts_with("scale_rollout_")) << line;
        EXPECT_NO_THROW(std::stod(line.substr(line.rfind(' ')))) << line;
    }
    EXPECT_GE(samples, 15);
}

}  // namespace

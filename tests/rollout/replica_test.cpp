// Several controllers of one rollout, each with a pass, a log and servers of its own, on a real PostgreSQL.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "record/store.h"
#include "rollout/control/rollout_controller.h"
#include "rollout/control/status_text.h"
#include "rollout/log/segment_log.h"
#include "rollout/replica/join.h"
#include "rollout/replica/replica_link.h"
#include "support/postgres_server.h"

namespace scale::rollout {
namespace {

using test::PostgresServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Waits for what other threads do; bounded only so that a broken program fails.
bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 4000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

class SteadyArm : public ArmView {
  public:
    ArmStatus status() const override {
        ArmStatus now;
        now.state = ArmState::healthy;
        now.upstream.host = "127.0.0.1";
        now.upstream.port = 1;
        now.upstream.healthy = true;
        return now;
    }
    std::uint64_t version() const override { return 1; }
    void request_stop() override {}
};

RolloutState open_state() {
    RolloutState state;
    state.experiment = "exp";
    state.status = RolloutStatus::canary;
    state.weight_ppm = 500'000;
    state.original_sha256 = "original";
    state.candidate_sha256 = "candidate";
    state.started_ms = state.step_started_ms = 1'000'000;
    return state;
}

// What a gateway process holds, without its sockets. Requests and feedback go through a real log, as the gateway's do.
class Replica {
  public:
    Replica(const PostgresServer& database, const std::string& name, std::chrono::milliseconds lease_time)
        : name_(name), lease_time_(lease_time), settings_(database.settings()) {
        // One salt for all: users are assigned alike.
        core::write_file_atomic(rollout() / "salt", std::string(64, 'a') + "\n");
        std::filesystem::permissions(rollout() / "salt", std::filesystem::perms(0600));
        RolloutState state = join_rollout(join(), open_state(), {});
        StateFile(rollout()).replace(state);
        start();
    }

    ~Replica() { crash(); }

    void start() {
        ReplicaOptions options;
        options.database = settings_;
        options.flag = "candidate";
        options.experiment = "exp";
        options.replica = name_;
        options.salt = join().salt;
        options.log_folder = rollout() / "log";
        options.lease_time = lease_time_;
        link = std::make_unique<ReplicaLink>(options);
        LogOptions log_options;
        log_options.folder = options.log_folder;
        log_ = std::make_unique<SegmentLog>(log_options);
        ControllerOptions controller_options;
        controller_options.pass_folder = folder_.path();
        controller_options.settings.steps = {500'000};
        controller_options.settings.guardrails = {"thumbs_down", "server_error"};
        controller_options.served_model = "model";
        controller_options.link = link.get();
        controller = std::make_unique<RolloutController>(controller_options, original_, &candidate_);
    }
    // As kill -9 leaves it: what is durable is there, nothing else.
    void crash() {
        controller.reset();
        link.reset();
        log_.reset();
    }

    Assignment assignment(const std::string& user) const {
        RequestIdentity identity;
        identity.user = user;
        return controller->routing()->assign(identity);
    }
    bool serves_candidate() const {
        for (int i = 0; i < 64; ++i)
            if (assignment("probe-" + std::to_string(i)).arm == Arm::candidate) return true;
        return false;
    }
    // Id of the answer.
    std::string request(const std::string& user) {
        const Assignment assigned = assignment(user);
        Admit admit;
        admit.request_id = name_ + "-req-" + std::to_string(++requests_);
        admit.unit = assigned.unit;
        admit.arm = assigned.arm;
        admit.propensity = static_cast<std::uint32_t>(assigned.propensity_ppm);
        admit.epoch = assigned.epoch;
        admit.experiment = assigned.experiment;
        admit.excluded = assigned.excluded;
        admit.request = R"({"messages":"what a user wrote"})";
        Finish finish;
        finish.request_id = admit.request_id;
        finish.response_id = admit.request_id + "-answer";
        finish.served_by = admit.arm;
        finish.answer = "what the model wrote";
        log_->append(admit);
        log_->wait_committed(log_->append(finish).sequence);
        controller->finished(admit, finish);
        return finish.response_id;
    }
    FeedbackReply thumbs_down(const std::string& answer) {
        Feedback feedback;
        feedback.id = name_ + "-feedback-" + std::to_string(++requests_);
        feedback.response_id = answer;
        feedback.name = "thumbs_down";
        feedback.value = true;
        feedback.comment = "what a user wrote";
        log_->wait_committed(log_->append(feedback).sequence);
        return controller->feedback(feedback);
    }

    core::Json status() {
        controller->tick();
        return controller->status();
    }
    std::uint64_t users(const char* arm) { return status()["arms"][arm]["users"]; }
    std::uint64_t unhappy(const char* arm) {
        return status()["evidence"]["guardrails"]["thumbs_down"][std::string(arm) + "_units"];
    }
    std::vector<std::string> recorded() {
        controller->drain_record();
        std::vector<std::string> kinds;
        for (const auto& entry : record::Store(folder_.path()).read()) kinds.push_back(entry.kind);
        return kinds;
    }
    // What `scale evaluate status` would say while no gateway runs.
    core::Json offline() const {
        core::write_file_atomic(folder_.path() / "scale.toml",
                                fmt::format("[model]\npath = \"model.gguf\"\n[rollout]\nflag = \"candidate\"\n"
                                            "steps = [500000]\nguardrails = [\"thumbs_down\", \"server_error\"]\n"
                                            "database = \"{}\"\n",
                                            settings_));
        return offline_status(record::Pass(folder_.path())).value();
    }
    std::filesystem::path rollout() const { return rollout_folder(folder_.path()); }
    JoinRequest join() const {
        JoinRequest request;
        request.database = settings_;
        request.flag = "candidate";
        request.salt = salt_digest(std::string(64, 'a'));
        request.replica = name_;
        return request;
    }

    std::unique_ptr<ReplicaLink> link;
    std::unique_ptr<RolloutController> controller;

  private:
    core::TemporaryFolder folder_;
    const std::string name_;
    const std::chrono::milliseconds lease_time_;
    const std::string settings_;
    SteadyArm original_;
    SteadyArm candidate_;
    std::unique_ptr<SegmentLog> log_;
    int requests_ = 0;
};

class Replicas : public ::testing::Test {
  protected:
    static constexpr std::chrono::milliseconds lease_time{1500};
    static void wait_until_open(Replica& replica) {
        ASSERT_TRUE(eventually([&] {
            replica.controller->tick();
            return replica.serves_candidate();
        }));
    }
    void wait_until_open() {
        wait_until_open(first);
        wait_until_open(second);
    }
    Postgres::Rows ask(const std::string& statement) {
        return Postgres(database.settings(), std::chrono::seconds(10)).run(statement);
    }

    PostgresServer database;
    Replica first{database, "first", lease_time};
    Replica second{database, "second", lease_time};
};

std::string user_of(const Replica& replica, Arm arm, int& number) {
    for (;;) {
        const std::string user = "user-" + std::to_string(++number);
        if (replica.assignment(user).arm == arm) return user;
    }
}

TEST_F(Replicas, AssignUsersAlikeAndCountEveryUserOnce) {
    wait_until_open();
    for (int i = 0; i < 40; ++i) {
        const std::string user = "user-" + std::to_string(i);
        EXPECT_EQ(first.assignment(user).arm, second.assignment(user).arm);
        EXPECT_EQ(first.assignment(user).unit, second.assignment(user).unit);
        first.request(user);
        second.request(user);
    }
    const auto requests = [](Replica& replica) {
        const core::Json arms = replica.status()["arms"];
        return arms["candidate"]["requests"].get<int>() + arms["original"]["requests"].get<int>();
    };
    for (Replica* replica : {&first, &second}) {
        EXPECT_TRUE(eventually([&] { return requests(*replica) == 80; }));
        EXPECT_EQ(replica->users("original") + replica->users("candidate"), 40u);
    }
    EXPECT_EQ(first.status()["evidence"], second.status()["evidence"]);
}

TEST_F(Replicas, FirstBadEventOfAUserCountsOnceWhereverItIsReported) {
    wait_until_open();
    int number = 0;
    for (int i = 0; i < 3; ++i) {
        const std::string user = user_of(first, Arm::candidate, number);
        const std::string here = first.request(user);
        const std::string there = second.request(user);
        first.thumbs_down(here);
        second.thumbs_down(there);
        second.thumbs_down(here);  // about an answer that the other gateway gave
    }
    for (Replica* replica : {&first, &second}) {
        EXPECT_TRUE(eventually([&] { return replica->unhappy("candidate") == 3; }));
        EXPECT_EQ(replica->unhappy("original"), 0u);
    }
}

// Neither gateway sees enough by itself.
TEST_F(Replicas, HarmThatIsSpreadOverGatewaysRollsAllOfThemBack) {
    wait_until_open();
    int number = 0;
    for (int i = 0; i < 12; ++i) {
        Replica& replica = i % 2 == 0 ? first : second;
        replica.thumbs_down(replica.request(user_of(first, Arm::candidate, number)));
    }
    for (Replica* replica : {&first, &second}) {
        EXPECT_TRUE(eventually([&] { return replica->status()["state"]["status"] == "rolled_back"; }));
        EXPECT_FALSE(replica->serves_candidate());
        EXPECT_TRUE(replica->controller->state().harm);
        EXPECT_THAT(replica->recorded(), ElementsAre("rolled_back"));
    }
    // One of them wrote it down, and both stand there.
    for (Replica* replica : {&first, &second})
        EXPECT_TRUE(eventually([&] {
            replica->controller->tick();
            return replica->controller->state().epoch == 2;
        }));
    EXPECT_EQ(ask("SELECT max(epoch) FROM scale_change").front().front(), "2");
}

TEST_F(Replicas, RollbackOfOneReachesTheOtherBeforeItsNextTick) {
    wait_until_open();
    EXPECT_EQ(first.controller->rollback("enough", "ann").status, 200);
    EXPECT_FALSE(first.serves_candidate());
    EXPECT_TRUE(eventually([&] { return !second.serves_candidate(); }));  // by the lease, without tick()
    second.controller->tick();
    EXPECT_EQ(second.controller->state().status, RolloutStatus::rolled_back);
    EXPECT_EQ(second.controller->state().reason, "enough");
    EXPECT_EQ(StateFile(second.rollout()).load().state->status, RolloutStatus::rolled_back);
}

TEST_F(Replicas, OfTwoChangesOfOneEpochBothAreMadeOneAfterTheOther) {
    wait_until_open();
    std::vector<std::thread> threads;
    for (Replica* replica : {&first, &second})
        threads.emplace_back([replica] {
            for (int i = 0; i < 20; ++i)
                replica->link->change(
                    [](RolloutState& state) {
                        state.step_started_ms += 1;
                        return true;
                    },
                    std::chrono::seconds(20));
        });
    for (auto& thread : threads) thread.join();
    for (Replica* replica : {&first, &second})
        EXPECT_TRUE(eventually([&] {
            replica->controller->tick();
            return replica->controller->state().step_started_ms == 1'000'040;
        }));
    EXPECT_EQ(ask("SELECT count(*), max(epoch) FROM scale_change").front(), (std::vector<std::string>{"41", "41"}));
}

TEST_F(Replicas, WithoutTheDatabaseEverybodyGetsTheOriginalAndNothingIsLost) {
    wait_until_open();
    int number = 0;
    std::vector<std::string> answers;
    for (int i = 0; i < 4; ++i) answers.push_back(first.request(user_of(first, Arm::candidate, number)));
    ASSERT_TRUE(eventually([&] { return second.users("candidate") == 4; }));
    database.stop();
    for (const auto& answer : answers) EXPECT_TRUE(first.thumbs_down(answer).accepted);
    for (Replica* replica : {&first, &second}) {
        EXPECT_TRUE(eventually([&] { return !replica->serves_candidate(); }));
        EXPECT_TRUE(replica->assignment("anybody").excluded);
        EXPECT_NE(replica->status()["replicas"]["problem"], "");
    }
    EXPECT_NE(first.controller->promote("now", "ann").status, 200);
    EXPECT_EQ(second.unhappy("candidate"), 0u);
    database.start();
    // Nobody goes to the candidate again before what happened meanwhile has been counted.
    ASSERT_TRUE(eventually([&] {
        second.controller->tick();
        return second.serves_candidate();
    }));
    EXPECT_TRUE(eventually([&] { return second.unhappy("candidate") == 4; }));
    wait_until_open(first);
}

TEST_F(Replicas, ADatabaseThatHangsEndsTheLeaseToo) {
    wait_until_open();
    database.hold(true);
    EXPECT_TRUE(eventually([&] { return !first.serves_candidate() && !second.serves_candidate(); }));
    database.hold(false);
    wait_until_open();
}

TEST_F(Replicas, ARollbackWithoutTheDatabaseHoldsHereAtOnceAndThereAfterwards) {
    wait_until_open();
    database.stop();
    EXPECT_EQ(first.controller->rollback("enough", "ann").status, 200);
    EXPECT_FALSE(first.serves_candidate());
    EXPECT_THAT(first.recorded(), ElementsAre("rolled_back"));
    EXPECT_EQ(StateFile(first.rollout()).load().state->status, RolloutStatus::rolled_back);
    database.start();
    EXPECT_TRUE(eventually([&] {
        second.controller->tick();
        return second.controller->state().status == RolloutStatus::rolled_back;
    }));
    EXPECT_TRUE(eventually([&] {
        first.controller->tick();
        return first.controller->state().epoch == second.controller->state().epoch;
    }));
    EXPECT_THAT(first.recorded(), ElementsAre("rolled_back"));
    EXPECT_FALSE(second.serves_candidate());
}

// The gateway that rolled back dies before the database hears of it; its next start tells it first.
TEST_F(Replicas, ARollbackThatTheDatabaseNeverHeardOfIsToldAtTheNextStart) {
    wait_until_open();
    database.stop();
    first.controller->rollback("enough", "ann");
    first.crash();
    database.start();
    wait_until_open(second);
    const RolloutState left = *StateFile(first.rollout()).load().state;
    try {
        join_rollout(first.join(), open_state(), left);
        FAIL() << "a candidate that was rolled back was taken in again";
    } catch (const core::Error& refusal) {
        EXPECT_THAT(refusal.found(), HasSubstr("enough"));
    }
    EXPECT_TRUE(eventually([&] { return !second.serves_candidate(); }));
}

TEST_F(Replicas, EvidenceOfAKilledGatewayIsThereOnce) {
    wait_until_open();
    int number = 0;
    for (int i = 0; i < 5; ++i) first.thumbs_down(first.request(user_of(first, Arm::candidate, number)));
    database.hold(true);  // some of it is under way when the gateway dies
    for (int i = 0; i < 2; ++i) first.request(user_of(second, Arm::candidate, number));
    first.crash();
    database.hold(false);
    first.start();
    for (Replica* replica : {&first, &second}) {
        EXPECT_TRUE(eventually([&] { return replica->users("candidate") == 7; }));
        EXPECT_EQ(replica->unhappy("candidate"), 5u);
    }
    EXPECT_EQ(first.status()["arms"]["candidate"]["requests"], 7);
    EXPECT_EQ(first.status()["evidence"], second.status()["evidence"]);
}

TEST_F(Replicas, AStoppedGatewayShowsTheEvidenceOfAllOrSaysThatItCannot) {
    wait_until_open();
    int number = 0;
    for (int i = 0; i < 3; ++i) first.thumbs_down(first.request(user_of(first, Arm::candidate, number)));
    for (int i = 0; i < 4; ++i) second.thumbs_down(second.request(user_of(second, Arm::candidate, number)));
    ASSERT_TRUE(eventually([&] { return first.unhappy("candidate") == 7 && second.unhappy("candidate") == 7; }));
    const core::Json running = first.status();
    first.crash();
    core::Json stopped = first.offline();
    EXPECT_EQ(stopped["evidence"], running["evidence"]);
    EXPECT_EQ(stopped["arms"]["candidate"]["users"], 7);
    EXPECT_THAT(stopped["evidence_of"].get<std::string>(), HasSubstr("all gateways"));

    second.controller->rollback("a test", "ann");
    ASSERT_TRUE(eventually([&] { return second.status()["state"]["status"] == "rolled_back"; }));
    ASSERT_TRUE(eventually([&] { return first.offline()["state"]["status"] == "rolled_back"; }));

    database.stop();
    stopped = first.offline();
    EXPECT_EQ(stopped["arms"]["candidate"]["users"], 3);
    EXPECT_THAT(stopped["evidence_of"].get<std::string>(), HasSubstr("THIS GATEWAY'S live traffic alone"));
}

TEST_F(Replicas, AnOlderCopyOfTheDatabaseIsNotTrusted) {
    wait_until_open();
    first.request("somebody");
    ASSERT_TRUE(eventually([&] { return second.users("original") + second.users("candidate") == 1; }));
    ask("UPDATE scale_rollout SET evidence = 0");
    EXPECT_TRUE(eventually([&] { return !first.serves_candidate() && !second.serves_candidate(); }));
    EXPECT_THAT(second.status()["replicas"]["problem"].get<std::string>(), HasSubstr("older copy"));
}

TEST_F(Replicas, RefuseAnotherSaltAnotherCandidateAndATwin) {
    JoinRequest other = first.join();
    other.salt = salt_digest(std::string(64, 'b'));
    EXPECT_THROW(join_rollout(other, open_state(), {}), core::Error);
    RolloutState another = open_state();
    another.candidate_sha256 = "another";
    EXPECT_THROW(join_rollout(first.join(), another, {}), core::Error);
    wait_until_open();
    Replica twin(database, "second", lease_time);
    EXPECT_TRUE(eventually([&] {
        return twin.status()["replicas"]["problem"].get<std::string>().find("another gateway is second too") !=
               std::string::npos;
    }));
    EXPECT_FALSE(twin.serves_candidate());
}

TEST_F(Replicas, OnlyDigestsAndFiguresLeaveTheMachine) {
    wait_until_open();
    first.thumbs_down(first.request("somebody"));
    ASSERT_TRUE(eventually([&] { return second.users("original") + second.users("candidate") == 1; }));
    for (const auto& row : ask("SELECT records FROM scale_evidence"))
        EXPECT_THAT(row.front(), ::testing::Not(HasSubstr("wrote")));
}

}  // namespace
}  // namespace scale::rollout

#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "rollout/assignment/assigner.h"
#include "rollout/state/rollout_state.h"

namespace {

using namespace scale;
using namespace scale::rollout;

RolloutState example() {
    RolloutState state;
    state.experiment = "exp-1";
    state.status = RolloutStatus::canary;
    state.step = 1;
    state.weight_ppm = 100'000;
    state.original_sha256 = "aa";
    state.candidate_sha256 = "bb";
    state.reason = "a reason";
    state.latched = {"cc"};
    return state;
}

TEST(RolloutState, GoesThroughTheFileUnchanged) {
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    EXPECT_FALSE(file.load().state);
    EXPECT_TRUE(file.load().problem.empty());
    file.update([](RolloutState& state) {
        state = example();
        return true;
    });
    RolloutState expected = example();
    expected.epoch = 1;
    EXPECT_EQ(to_json(*file.load().state), to_json(expected));
}

TEST(RolloutState, EveryChangeIsANewEpochAndNoChangeIsNone) {
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    EXPECT_EQ(file.update([](RolloutState& state) { return state.weight_ppm = 1, true; }).epoch, 1u);
    EXPECT_EQ(file.update([](RolloutState& state) { return state.weight_ppm = 2, true; }).epoch, 2u);
    const auto version = file.version();
    EXPECT_EQ(file.update([](RolloutState& state) { return state.weight_ppm = 3, false; }).epoch, 2u);
    EXPECT_EQ(file.version(), version);
    EXPECT_EQ(file.load().state->weight_ppm, 2);
}

TEST(RolloutState, OnlyAnOpenSliceOrAPromotionServesTheCandidate) {
    RolloutState state = example();
    EXPECT_EQ(state.effective_ppm(), 100'000);
    for (const auto status : {RolloutStatus::draft, RolloutStatus::rolled_back, RolloutStatus::stopped}) {
        state.status = status;
        EXPECT_EQ(state.effective_ppm(), 0) << to_string(status);
    }
    state.status = RolloutStatus::promoted;
    EXPECT_EQ(state.effective_ppm(), whole_ppm);
    state.latched.push_back("bb");
    EXPECT_EQ(state.effective_ppm(), 0) << "a latched candidate is never served";
}

class DamagedState : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedState, MeansTheOriginal) {
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    core::write_file_atomic(file.path(), GetParam());
    EXPECT_FALSE(file.load().state);
    EXPECT_FALSE(file.load().problem.empty());
}
INSTANTIATE_TEST_SUITE_P(Kinds, DamagedState,
                         ::testing::Values("", "{", "null", "[]", "{\"state\":{}}", "{\"state\":{},\"sha256\":\"00\"}",
                                           "{\"state\":7,\"sha256\":7}"));

TEST(RolloutState, AnEditedWeightIsNotBelieved) {
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    file.update([](RolloutState& state) { return state = example(), true; });
    std::string text = core::read_file(file.path());
    text.replace(text.find("100000"), 6, "900000");
    core::write_file_atomic(file.path(), text);
    EXPECT_FALSE(file.load().state);
}

// Killed at any step of the write, the file holds the old state or the new one.
class KilledWrite : public ::testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(KilledWrite, LeavesOldOrNew) {
    const auto [step, is_new] = GetParam();
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    file.update([](RolloutState& state) { return state = example(), true; });
    const pid_t child = ::fork();
    if (child == 0) {
        file.before_step = [wanted = std::string(step)](const char* reached) {
            if (wanted == reached) ::_exit(42);
        };
        file.update([](RolloutState& state) { return state.status = RolloutStatus::rolled_back, true; });
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42) << "the step was not reached";
    const auto loaded = file.load();
    ASSERT_TRUE(loaded.state) << loaded.problem;
    EXPECT_EQ(loaded.state->status, is_new ? RolloutStatus::rolled_back : RolloutStatus::canary);
    EXPECT_EQ(loaded.state->epoch, is_new ? 2u : 1u);
    // And the next writer is not hindered by what the killed one left.
    EXPECT_EQ(file.update([](RolloutState& state) { return state.weight_ppm = 5, true; }).weight_ppm, 5);
}
INSTANTIATE_TEST_SUITE_P(Steps, KilledWrite,
                         ::testing::Values(std::pair{"opened", false}, std::pair{"half written", false},
                                           std::pair{"written", false}, std::pair{"synced", false},
                                           std::pair{"renamed", true}, std::pair{"durable", true}));

TEST(RolloutState, WritersAtOnceGiveEveryChangeItsEpoch) {
    const core::TemporaryFolder folder;
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i)
        writers.emplace_back([&folder] {
            StateFile file(folder.path());
            for (int change = 0; change < 10; ++change)
                file.update([](RolloutState& state) { return ++state.step, true; });
        });
    for (auto& writer : writers) writer.join();
    const auto state = StateFile(folder.path()).load().state;
    ASSERT_TRUE(state);
    EXPECT_EQ(state->epoch, 40u);
    EXPECT_EQ(state->step, 40);
}

TEST(RolloutState, VersionTellsAReplacedFile) {
    const core::TemporaryFolder folder;
    StateFile file(folder.path());
    EXPECT_EQ(file.version(), 0u);
    file.update([](RolloutState& state) { return ++state.step, true; });
    const auto first = file.version();
    file.update([](RolloutState& state) { return ++state.step, true; });
    EXPECT_NE(file.version(), first);
    EXPECT_NE(file.version(), 0u);
}

}  // namespace

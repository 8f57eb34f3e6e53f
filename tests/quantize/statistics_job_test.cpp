#include "quantize/statistics_job.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/activations.h"
#include "engine/model.h"
#include "model/token_set.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

using testing::HasSubstr;

// Stands for SIGKILL: the job ends in the middle, and what it has not saved is gone.
class DyingContext : public engine::JobContext {
  public:
    explicit DyingContext(int calls) : calls_(calls) {}
    void progress(double, double, const std::string&) override {
        if (--calls_ == 0) throw std::runtime_error("killed");
    }

  private:
    int calls_;
};

class StatisticsJobTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        model_ = *model;
        core::write_file_atomic(folder_.path() / "set.jsonl", model::to_json_lines(sequences(7)));
    }

    static std::vector<model::TokenSequence> sequences(int count) {
        std::vector<model::TokenSequence> set;
        for (int i = 0; i < count; ++i) {
            set.push_back({"id", "s", "t", {}});
            for (int t = 0; t < 150 + 20 * i; ++t) set.back().tokens.push_back(1 + (i * 37 + t * 11) % 4000);
        }
        return set;
    }

    core::Json request(const std::string& target, const std::string& fingerprint = "f") {
        return {{"model", model_.string()},
                {"set", (folder_.path() / "set.jsonl").string()},
                {"target", (folder_.path() / target).string()},
                {"fingerprint", fingerprint},
                {"threads", 1},
                {"every", 2}};
    }

    core::TemporaryFolder folder_;
    core::fs::path model_;
    engine::QuietContext quiet_;
};

TEST_F(StatisticsJobTest, AResumedRunGivesTheSameBytesAsAnUninterruptedOne) {
    const core::Json whole = statistics_job(request("whole.bin"), quiet_);
    EXPECT_EQ(whole["sequences"], 7);
    EXPECT_EQ(whole["resumed_at"], 0);

    DyingContext first(1);  // after a pass with samples 1 and 3, which are saved
    EXPECT_THROW(statistics_job(request("resumed.bin"), first), std::runtime_error);
    DyingContext second(1);  // after a pass with samples 5 and 7
    EXPECT_THROW(statistics_job(request("resumed.bin"), second), std::runtime_error);
    EXPECT_FALSE(core::fs::exists(folder_.path() / "resumed.bin"));
    const core::Json resumed = statistics_job(request("resumed.bin"), quiet_);
    EXPECT_EQ(resumed["resumed_at"], 4);
    EXPECT_EQ(resumed["tokens"], whole["tokens"]);
    EXPECT_EQ(resumed["stability"], whole["stability"]) << "the halves survive the interruption";
    EXPECT_GT(whole["stability"]["layers"], 20);
    EXPECT_EQ(core::read_file(folder_.path() / "resumed.bin"), core::read_file(folder_.path() / "whole.bin"));
    EXPECT_FALSE(core::fs::exists(folder_.path() / "resumed.bin.progress"));
}

TEST_F(StatisticsJobTest, AnInterruptedRunOfOtherSettingsIsNotContinued) {
    DyingContext dying(2);
    EXPECT_THROW(statistics_job(request("a.bin", "other set"), dying), std::runtime_error);
    EXPECT_EQ(statistics_job(request("a.bin"), quiet_)["resumed_at"], 0);
}

TEST_F(StatisticsJobTest, EveryLinearLayerSeesEveryToken) {
    const core::Json result = statistics_job(request("a.bin"), quiet_);
    const auto statistics = engine::read_statistics(folder_.path() / "a.bin");
    const auto tokens = model::count_tokens(sequences(7));
    EXPECT_EQ(result["tokens"], tokens);
    for (const char* name : {"blk.0.attn_q.weight", "blk.5.ffn_down.weight", "output.weight"}) {
        ASSERT_EQ(statistics.count(name), 1u) << name;
        EXPECT_EQ(statistics.at(name).counts.at(0), tokens) << name;
    }
}

TEST_F(StatisticsJobTest, ForeignTokensAreAnErrorNotAnAbort) {
    auto set = sequences(2);
    set[1].tokens[0] = 1'000'000;
    core::write_file_atomic(folder_.path() / "set.jsonl", model::to_json_lines(set));
    try {
        statistics_job(request("a.bin"), quiet_);
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr("token 1000000"));
    }
    core::write_file_atomic(folder_.path() / "set.jsonl", "");
    EXPECT_THROW(statistics_job(request("a.bin"), quiet_), core::Error);
}

}  // namespace
}  // namespace scale::quantize

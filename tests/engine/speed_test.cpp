#include "engine/speed.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

class SpeedTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        request_.models = {*path, *path};
        request_.workload = {.prompt_tokens = 40, .completion_tokens = 8, .concurrency = 3, .context = 128};
        request_.rounds = 3;
        request_.decode_tokens = 4;
    }
    SpeedRequest request_;
};

void expect_ordered(const record::Measured& value) {
    EXPECT_GT(value.low, 0);
    EXPECT_LE(value.low, value.median);
    EXPECT_LE(value.median, value.high);
    EXPECT_EQ(value.rounds, 3);
}

TEST_F(SpeedTest, GivesOneConsistentResultForEachModel) {
    double last = 0, total = 0;
    const auto results = measure_speed(request_, [&](double done, double of, const std::string& note) {
        EXPECT_GT(done, last);
        EXPECT_FALSE(note.empty());
        last = done;
        total = of;
    });
    EXPECT_EQ(last, total);
    ASSERT_EQ(results.size(), 2u);
    for (const SpeedResult& result : results) {
        const record::Speed& speed = result.speed;
        expect_ordered(speed.prefill);
        expect_ordered(speed.decode);
        expect_ordered(speed.batch_decode);
        EXPECT_EQ(result.seconds_per_request.size(), 3u);
        EXPECT_NEAR(speed.seconds_per_request, 40 / speed.prefill.median + 8 / speed.batch_decode.median, 1e-9);
        EXPECT_NEAR(speed.requests_per_minute * speed.seconds_per_request, 60, 1e-9);
        EXPECT_EQ(speed.concurrency, 3);
        EXPECT_EQ(result.timed_prefill_tokens, 40);
        EXPECT_EQ(result.timed_decode_tokens, 4);
    }
}

TEST_F(SpeedTest, TimesLessWhereARoundWouldTakeLong) {
    request_.workload.prompt_tokens = 400;
    request_.seconds_per_round = 1e-6;
    request_.rounds = 1;
    request_.decode_tokens = 50;
    for (const SpeedResult& result : measure_speed(request_, {})) {
        EXPECT_EQ(result.timed_prefill_tokens, 32);
        EXPECT_EQ(result.timed_decode_tokens, 4);
    }
}

TEST_F(SpeedTest, WorksForASingleSequence) {
    request_.workload.concurrency = 1;
    for (const SpeedResult& result : measure_speed(request_, {}))
        EXPECT_EQ(result.speed.batch_decode.median, result.speed.decode.median);
}

TEST_F(SpeedTest, RefusesWhatCannotBeMeasured) {
    request_.rounds = 0;
    EXPECT_THROW(measure_speed(request_, {}), core::Error);
    request_.rounds = 1;
    request_.models.clear();
    EXPECT_THROW(measure_speed(request_, {}), core::Error);
}

}  // namespace
}  // namespace scale::engine

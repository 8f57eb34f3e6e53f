// Predicted and actual figures, paired from a record.
#include "report/step_figures.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "record/payload.h"
#include "record/store.h"

namespace scale::report {
namespace {

class StepFiguresOf : public testing::Test {
  protected:
    void expect(const char* command, double seconds) {
        record::Forecast forecast;
        forecast.command = command;
        forecast.seconds = seconds;
        store_.append({record::Stage::choice, record::kind::forecast, {}, forecast});
    }
    void decide(double seconds) {
        record::Decision decision;
        decision.took.seconds = seconds;
        store_.append({record::Stage::choice, record::kind::decision, {}, decision});
    }
    std::vector<StepFigures> figures() const { return step_figures(store_.read()); }

    core::TemporaryFolder folder_;
    record::Store store_{folder_.path()};
};

TEST_F(StepFiguresOf, AForecastBelongsToTheResultAfterIt) {
    expect("choose", 10);
    decide(11);
    expect("quantize", 5);
    ASSERT_EQ(figures().size(), 1u);
    EXPECT_EQ(figures().front().command, "scale choose");
    ASSERT_TRUE(figures().front().predicted);
    EXPECT_DOUBLE_EQ(figures().front().predicted->seconds, 10);
    EXPECT_DOUBLE_EQ(figures().front().took.seconds, 11);
    EXPECT_FALSE(figures().front().resumed);
}

TEST_F(StepFiguresOf, AResultWithoutOneOfItsOwnHasNoPrediction) {
    expect("choose", 10);
    decide(11);
    decide(12);
    EXPECT_FALSE(figures().front().predicted);
    EXPECT_EQ(cells_of(figures().front()).at(1), "–");
}

TEST_F(StepFiguresOf, TwoForecastsForOneResultAreAnInterruption) {
    expect("choose", 10);
    expect("choose", 9);
    decide(4);
    EXPECT_DOUBLE_EQ(figures().front().predicted->seconds, 9);
    EXPECT_TRUE(figures().front().resumed);
}

TEST_F(StepFiguresOf, ResultsOfOlderProgramsAreLeftOut) {
    decide(0);
    EXPECT_TRUE(figures().empty());
}

}  // namespace
}  // namespace scale::report

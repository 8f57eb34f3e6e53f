#include "quantize/uniform/solve_readers.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "quantize/uniform/correlated_inputs.h"

namespace scale::quantize {
namespace {

constexpr int columns = 128, rows = 96;

struct Setting {
    HalvedMoments moments = halved(correlated_rows(512, columns, 1), correlated_rows(512, columns, 2), columns);
    std::vector<UniformReader> readers{{"q", rows, random_weights(rows* columns, 3)},
                                       {"k", 32, random_weights(32 * columns, 4)}};
    UniformGrid grid{4, true, 32, ScaleType::f16};
};

TEST(SolveReaders, TakesFeedbackWhereHeldOutInputsGain) {
    const Setting set;
    const auto solved = solve_readers(set.grid, set.readers, set.moments, {});
    ASSERT_EQ(solved.size(), 2u);
    for (const SolvedReader& reader : solved) {
        EXPECT_TRUE(reader.feedback);
        EXPECT_LT(reader.feedback_loss, 0.8 * reader.nearest_loss);
    }
    const Moments fresh = moments_of_rows(correlated_rows(512, columns, 9), columns);
    std::vector<float> errors = solved[0].matrix.decoded();
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] -= set.readers[0].weights[i];
    const double power = proxy_loss(fresh, set.readers[0].weights, rows);
    EXPECT_LT(proxy_loss(fresh, errors, rows) / power, 0.8 * solved[0].nearest_loss);
}

TEST(SolveReaders, TheIntegersDoNotDependOnTheThreads) {
    const Setting set;
    SolveOptions two;
    two.threads = 2;
    const auto a = solve_readers(set.grid, set.readers, set.moments, {}),
               b = solve_readers(set.grid, set.readers, set.moments, two);
    EXPECT_EQ(a[0].matrix.codes, b[0].matrix.codes);
    EXPECT_EQ(a[1].matrix.codes, b[1].matrix.codes);
}

TEST(SolveReaders, RoundsToNearestWhereMomentsSayNothing) {
    Setting set;
    set.moments.first.values[5] = std::numeric_limits<float>::infinity();
    const auto solved = solve_readers(set.grid, set.readers, set.moments, {});
    EXPECT_FALSE(solved[0].feedback);
    const std::vector<float> decoded = solved[0].matrix.decoded();
    double error = 0, power = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        error += std::pow(decoded[i] - set.readers[0].weights[i], 2);
        power += std::pow(set.readers[0].weights[i], 2);
    }
    EXPECT_LT(error / power, 0.02);
}

TEST(SolveReaders, SilentChannelsDoNotSpoilTheirGroup) {
    Setting set;
    std::vector<float> first = correlated_rows(512, columns, 1), second = correlated_rows(512, columns, 2);
    for (std::vector<float>* half : {&first, &second})
        for (std::size_t i = 0; i < half->size(); ++i)
            if (i % 4 == 1) (*half)[i] = 0;
    set.moments = halved(first, second, columns);
    for (const SolvedReader& reader : solve_readers(set.grid, set.readers, set.moments, {}))
        for (const float value : reader.matrix.decoded()) ASSERT_LT(std::abs(value), 0.5);
}

}  // namespace
}  // namespace scale::quantize

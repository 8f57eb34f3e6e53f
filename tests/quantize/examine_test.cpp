#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "quantize/examine/fallbacks.h"
#include "quantize/examine/inputs.h"
#include "quantize/examine/weights.h"
#include "quantize/refine/notes.h"
#include "support/gguf_builder.h"

namespace scale::quantize {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string floats(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::vector<ZeroRows> examine(const std::vector<float>& matrix) {
    test::GgufBuilder builder = test::small_metadata();
    builder.tensor("blk.0.ffn_up.weight", 0, {32, matrix.size() / 32}, floats(matrix));
    builder.tensor("blk.0.attn_norm.weight", 0, {32}, floats(std::vector<float>(32, 0.0f)));
    const std::string file = builder.build();
    return examine_weights(model::GgufFile(test::as_bytes(file), "test.gguf"), engine::decode_rows, {});
}

std::string message_of(const std::vector<float>& matrix) {
    try {
        examine(matrix);
    } catch (const core::Error& error) {
        return error.what();
    }
    return "nothing thrown";
}

TEST(ExamineWeights, NamesTensorRowAndColumnOfWhatIsNotFinite) {
    std::vector<float> matrix(32 * 4, 0.5f);
    matrix[2 * 32 + 7] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(message_of(matrix), AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("1 weight that is not finite"),
                                          HasSubstr("weight 7 of row 2")));
    matrix[3 * 32] = std::numeric_limits<float>::infinity();
    EXPECT_THAT(message_of(matrix), HasSubstr("2 weights that are not finite"));
}

TEST(ExamineWeights, CountsZeroRowsOfMatricesAlone) {
    std::vector<float> matrix(32 * 4, 0.5f);
    EXPECT_THAT(examine(matrix), IsEmpty());  // the norm of zeros is no matrix
    EXPECT_THAT(notes_on(examine(matrix)), IsEmpty());
    std::fill_n(matrix.begin() + 32, 32, 0.0f);
    const auto found = examine(matrix);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].zero, 1u);
    EXPECT_EQ(found[0].rows, 4u);
    EXPECT_THAT(notes_on(found), ElementsAre(HasSubstr("most in blk.0.ffn_up.weight (1 of 4)")));
}

TEST(ExamineInputs, NamesLayerAndSampleOfWhatIsNotFinite) {
    engine::Statistics statistics{{"blk.0.attn_q.weight", {{1, 2}, {5}}}};
    EXPECT_NO_THROW(require_finite(statistics, "3 (a)"));
    statistics["blk.1.ffn_down.weight"] = {{1, std::numeric_limits<double>::infinity()}, {5}};
    try {
        require_finite(statistics, "3 (a)");
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("blk.1.ffn_down.weight"), HasSubstr("sample 3 (a)")));
    }
}

TEST(ExamineInputs, SaysSilentChannelsUnseenExpertsAndTooFewTokens) {
    EXPECT_THAT(notes_on(engine::Statistics{{"blk.0.attn_q.weight", {{1, 2}, {5}}}}), IsEmpty());
    EXPECT_THAT(notes_on(engine::Statistics{{"blk.0.attn_q.weight", {{0, 2, 3, 0}, {5}}}}),
                ElementsAre(HasSubstr("2 input channels of 1 layers were silent")));
    // The unseen expert's zeros are no silent channels.
    EXPECT_THAT(notes_on(engine::Statistics{{"blk.0.ffn_up_exps.weight", {{1, 2, 0, 0}, {5, 0}}}}),
                ElementsAre(HasSubstr("1 experts of 1 layers were given no calibration token")));
    EXPECT_THAT(notes_on(engine::Statistics{{"blk.0.ffn_down.weight", {{1, 2, 3, 4}, {3}}}}),
                ElementsAre(AllOf(HasSubstr("rank-deficient"), HasSubstr("(3 tokens, 4 channels)"))));
}

TEST(ExamineFallbacks, NamesTheFirst) {
    engine::QuantizePlan plan;
    plan.tensors = {{"a.weight", "Q4_K", 0, false}};
    EXPECT_THAT(notes_on(plan, "Q4_K_M"), IsEmpty());
    for (const char* name : {"b", "c", "d", "e"}) plan.tensors.push_back({name, "Q5_0", 0, true});
    EXPECT_THAT(notes_on(plan, "Q4_K_M"), ElementsAre(AllOf(HasSubstr("4 of 5 tensors fell back"),
                                                            HasSubstr("b (Q5_0), c (Q5_0), d (Q5_0), …"))));
}

TEST(RefineNotes, GroupByReasonAndNameTheWorst) {
    const RefineLine good{"a", "Q4_K", true, 1, 0.5, {}, outcome::refined, 100, 64};
    EXPECT_THAT(notes_on({good}), IsEmpty());
    const RefineLine stock{"b", "Q4_K", false, 1, 2, {}, outcome::stock_better, 100, 64};
    const RefineLine bad{"c", "Q4_K", false, 1, 2, {}, outcome::inputs_not_finite, 100, 64};
    const RefineLine few{"d", "Q4_K", true, 1, 0.5, {}, outcome::refined, 60, 64};
    const RefineLine fewer{"e", "Q4_K", true, 1, 0.5, {}, outcome::refined, 60, 640};
    EXPECT_THAT(notes_on({good, stock, bad, few, fewer}),
                ElementsAre(HasSubstr("1 tensor, such as b, kept stock rounding, which did better"),
                            HasSubstr("1 tensor, such as c, kept stock rounding: their inputs"),
                            HasSubstr("2 tensors are rank-deficient, e worst (60 tokens for 640")));
}

}  // namespace
}  // namespace scale::quantize

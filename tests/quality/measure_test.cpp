// The whole measurement on the small real model: an 8-bit candidate passes the distribution part, a damaged one fails.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/file.h"
#include "engine/model.h"
#include "quality/checkpoint.h"
#include "quality/choice.h"
#include "quality/gate.h"
#include "support/measured_models.h"

namespace scale::quality {
namespace {

class MeasureTest : public test::MeasuredModels {};

std::string result_of(const std::vector<record::GateCheck>& checks, const std::string& endpoint) {
    for (const auto& check : checks)
        if (check.endpoint == endpoint) return check.result;
    return "none";
}

TEST_F(MeasureTest, EightBitsPassTheDistributionPart) {
    const auto measured = measure(candidate("Q8_0")).get<Measurements>();
    const auto checks = distribution_checks({}, measured.sequences);
    EXPECT_EQ(result_of(checks, "kl_mean"), result::pass) << core::Json(checks).dump(1);
    EXPECT_EQ(result_of(checks, "perplexity_ratio"), result::pass);
    EXPECT_GT(checks[0].n, 200);
    EXPECT_LE(checks[0].n, 400);
    EXPECT_GT(checks[0].difference, 0);
    EXPECT_EQ(measured.items.size(), 96u);
    for (const ItemResult& item : measured.items)
        for (const double score : item.original) EXPECT_LT(score, 0);
    // A model of 6.8 million parameters cannot reason: the gate must not call that a pass.
    EXPECT_NE(judge({}, measured).verdict, result::pass);
}

TEST_F(MeasureTest, ADamagedModelFails) {
    const auto measured = measure(candidate("Q2_K")).get<Measurements>();
    const auto checks = distribution_checks({}, measured.sequences);
    EXPECT_EQ(result_of(checks, "kl_mean"), result::fail) << core::Json(checks).dump(1);
    EXPECT_EQ(judge({}, measured).verdict, result::fail);
    ASSERT_FALSE(measured.worst.empty());
    EXPECT_GE(measured.worst.front().kl, measured.worst.back().kl);
    EXPECT_LE(measured.worst.size(), 10u);
}

TEST_F(MeasureTest, TheOriginalAgainstItselfDiffersByNothing) {
    const auto measured = measure(original_).get<Measurements>();
    for (const SequenceResult& text : measured.sequences)
        for (const double kl : text.kl) EXPECT_LT(kl, 1e-9);
    for (const ItemResult& item : measured.items) EXPECT_EQ(item.original, item.candidate);
}

// Written answers of both models: the same model writes the same, a damaged one does not, and every answer carries what
// the gate asks of it.
TEST_F(MeasureTest, WritesAnswersWithBothModels) {
    make_items("generation");
    const auto same = measure(original_).get<Measurements>();
    ASSERT_EQ(same.items.size(), 96u);
    for (const ItemResult& item : same.items) {
        EXPECT_TRUE(item.written());
        EXPECT_TRUE(item.original.empty());
        EXPECT_EQ(item.original_answer.text, item.candidate_answer.text) << item.id;
        EXPECT_LE(item.original_answer.tokens, 24);
        EXPECT_EQ(item.original_answer.right, item.original_answer.problem.empty());
        EXPECT_FALSE(item.prompt.empty());
    }
    EXPECT_NE(same.scoring.at("reasoning").find("generation"), std::string::npos);
    std::filesystem::remove(checkpoint());
    const auto damaged = measure(candidate("Q2_K")).get<Measurements>();
    int different = 0;
    for (const ItemResult& item : damaged.items)
        different += item.original_answer.text != item.candidate_answer.text ? 1 : 0;
    EXPECT_GT(different, 48);
}

// A model of 6.8 million parameters writes nothing right: its pilot leaves every suite to likelihood, in figures.
TEST_F(MeasureTest, ThePilotDecidesTheScoring) {
    make_items("auto");
    const core::Json document = core::parse_json(core::read_file(items()), "items");
    for (const auto& [suite, scoring] : document["scoring"].items()) {
        EXPECT_EQ(scoring["mode"], "likelihood") << suite << " " << scoring;
        EXPECT_EQ(scoring["pilot_items"], 8);
        EXPECT_NE(scoring["why"].get<std::string>().find("pilot"), std::string::npos);
    }
    for (const core::Json& item : document["items"]) EXPECT_EQ(item["mode"], "likelihood");
    make_items("auto");
    EXPECT_EQ(core::parse_json(core::read_file(items()), "items"), document);
}

// A killed measurement: whatever whole lines the checkpoint holds are kept, a torn one is measured again.
TEST_F(MeasureTest, ContinuesFromACheckpointWithATornTail) {
    const auto path = candidate("Q8_0");
    const core::Json whole = measure(path);
    const std::string lines = core::read_file(checkpoint());
    std::size_t cut = 0;
    for (int line = 0; line < 9; ++line) cut = lines.find('\n', cut) + 1;
    std::filesystem::resize_file(checkpoint(), cut + 25);
    EXPECT_EQ(Checkpoint(checkpoint()).done().sequences.size(), 9u);
    auto resumed = measure(path);
    EXPECT_EQ(resumed["items"], whole["items"]);
    ASSERT_EQ(resumed["sequences"].size(), whole["sequences"].size());
    for (std::size_t i = 0; i < whole["sequences"].size(); ++i)
        EXPECT_EQ(resumed["sequences"][i]["id"], whole["sequences"][i]["id"]);
}

TEST_F(MeasureTest, TokenisedOptionsSpellTheItem) {
    const engine::Model model(original_, {.vocabulary_only = true});
    const Item item{"x/1", "x", "t", 0, false, "The key is with", {" Anna", " Ben", " Anna Maria"}, 0};
    const engine::ChoiceItem choice = tokenize_item(model, item);
    ASSERT_EQ(choice.continuations.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        std::vector<engine::Token> whole = choice.prompt;
        EXPECT_FALSE(choice.continuations[i].empty());
        whole.insert(whole.end(), choice.continuations[i].begin(), choice.continuations[i].end());
        EXPECT_NE(model.detokenize(whole).find(item.prompt + item.options[i]), std::string::npos);
    }
}

}  // namespace
}  // namespace scale::quality

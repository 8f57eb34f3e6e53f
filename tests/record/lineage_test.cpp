#include "record/lineage.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "record/reopened.h"

namespace scale::record {
namespace {

// Builds records in memory; hashes are made up, since judging looks at parents only.
class Made {
  public:
    std::string add(Stage stage, const char* kind, std::vector<std::string> parents,
                    core::Json payload = core::Json::object()) {
        Entry entry;
        entry.seq = entries.size() + 1;
        entry.stage = stage;
        entry.kind = kind;
        entry.parents = std::move(parents);
        entry.payload = std::move(payload);
        entry.hash = "h" + std::to_string(entry.seq);
        entries.push_back(entry);
        return entry.hash;
    }
    std::vector<Entry> entries;
};

struct WholePass : Made {
    std::string constraint = add(Stage::constraint, kind::constraint, {});
    std::string decision = add(Stage::choice, kind::decision, {constraint});
    std::string budget = add(Stage::quality, kind::budget, {constraint});
    std::string set = add(Stage::calibration, kind::calibration_set, {decision});
    std::string artefact = add(Stage::calibration, kind::artefact, {set, decision});
    std::string gate = add(Stage::quality, kind::gate_started, {artefact, budget});
    std::string verdict = add(Stage::quality, kind::verdict, {artefact, budget, gate}, {{"verdict", "PASS"}});
    std::string started = add(Stage::rollout, kind::rollout_started, {verdict});
};

StageState state(const Lineage& lineage, Stage stage) {
    return lineage.status(stage).state;
}

TEST(Lineage, EmptyRecordIsOpenAtTheConstraint) {
    const Lineage lineage = judge({});
    for (const Stage stage : all_stages) EXPECT_EQ(state(lineage, stage), StageState::open);
    EXPECT_EQ(lineage.next(), Stage::constraint);
    EXPECT_THROW(lineage.require_done(Stage::constraint), core::Error);
}

TEST(Lineage, WholePassIsDoneUntilPromotion) {
    WholePass pass;
    EXPECT_EQ(state(judge(pass.entries), Stage::rollout), StageState::running);
    EXPECT_NO_THROW(judge(pass.entries).require_done(Stage::quality));
    pass.add(Stage::rollout, kind::promoted, {pass.started});
    EXPECT_EQ(state(judge(pass.entries), Stage::rollout), StageState::done);
    EXPECT_EQ(judge(pass.entries).next(), std::nullopt);
    pass.add(Stage::rollout, kind::rolled_back, {pass.started}, {{"reason", "harm"}});
    EXPECT_EQ(state(judge(pass.entries), Stage::rollout), StageState::failed);
}

TEST(Lineage, DoingAStageAgainMakesEveryLaterOneStale) {
    const auto states_after = [](Stage stage, const char* kind, const std::vector<std::string>& parents) {
        WholePass pass;
        pass.add(stage, kind, parents);
        std::string text;
        for (const auto& status : judge(pass.entries).stages) text += std::string(state_name(status.state)) + " ";
        return text;
    };
    const WholePass names;
    EXPECT_EQ(states_after(Stage::constraint, kind::constraint, {}), "done stale stale stale stale ");
    EXPECT_EQ(states_after(Stage::choice, kind::decision, {names.constraint}), "done done stale stale stale ");
    EXPECT_EQ(states_after(Stage::calibration, kind::calibration_set, {names.decision}),
              "done done stale stale stale ");
    EXPECT_EQ(states_after(Stage::calibration, kind::artefact, {names.set}), "done done done stale stale ");
    EXPECT_EQ(states_after(Stage::quality, kind::budget, {names.constraint}), "done done done stale stale ");
}

TEST(Lineage, WhatChangedUnderThePassReopensTheConstraintUntilItIsSetAgain) {
    WholePass pass;
    const std::string before = pass.add(Stage::constraint, kind::reopened, {pass.constraint},
                                        {{"parts", {"engine (was 1, is 2)", "traffic (topic 'soup')"}}});
    Lineage lineage = judge(pass.entries);
    EXPECT_EQ(state(lineage, Stage::constraint), StageState::stale);
    EXPECT_NE(lineage.status(Stage::constraint).why.find("engine (was 1, is 2), traffic (topic 'soup')"),
              std::string::npos);
    ASSERT_NE(reopening_of(lineage.entries), nullptr);
    EXPECT_THROW(lineage.require_done(Stage::choice), core::Error);
    EXPECT_EQ(state(lineage, Stage::rollout), StageState::running);  // what is served goes on
    EXPECT_NE(lineage.current(kind::artefact), nullptr);

    Made back = pass;
    back.add(Stage::constraint, kind::reopened, {pass.constraint}, {{"parts", core::Json::array()}});
    EXPECT_EQ(reopening_of(back.entries), nullptr);
    EXPECT_EQ(state(judge(back.entries), Stage::constraint), StageState::done);

    pass.add(Stage::constraint, kind::constraint, {before});
    lineage = judge(pass.entries);
    EXPECT_EQ(reopening_of(lineage.entries), nullptr);
    EXPECT_EQ(state(lineage, Stage::constraint), StageState::done);
    EXPECT_EQ(state(lineage, Stage::choice), StageState::stale);
}

TEST(Lineage, CurrentEntriesAreThoseNotStale) {
    WholePass pass;
    EXPECT_NE(judge(pass.entries).current(kind::verdict), nullptr);
    pass.add(Stage::constraint, kind::constraint, {});
    const Lineage lineage = judge(pass.entries);
    EXPECT_NE(lineage.current(kind::constraint), nullptr);
    EXPECT_EQ(lineage.current(kind::decision), nullptr);
    EXPECT_EQ(lineage.current(kind::budget), nullptr);
    EXPECT_EQ(lineage.current(kind::verdict), nullptr);
}

TEST(Lineage, RefusalNamesTheFirstStageThatIsMissing) {
    Made made;
    const auto constraint = made.add(Stage::constraint, kind::constraint, {});
    try {
        judge(made.entries).require_done(Stage::calibration);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::refused);
        EXPECT_NE(error.found().find("stage C"), std::string::npos);
        EXPECT_EQ(error.next(), "scale choose");
    }
    EXPECT_NO_THROW(judge(made.entries).require_done(Stage::constraint));
}

TEST(Lineage, FailedAndInconclusiveVerdictsDoNotOpenTheRollout) {
    for (const auto& [verdict, expected] :
         {std::pair{"FAIL", StageState::failed}, {"INCONCLUSIVE", StageState::inconclusive}}) {
        WholePass pass;
        pass.add(Stage::quality, kind::verdict, {pass.artefact, pass.budget, pass.gate}, {{"verdict", verdict}});
        const Lineage lineage = judge(pass.entries);
        EXPECT_EQ(state(lineage, Stage::quality), expected);
        EXPECT_THROW(lineage.require_done(Stage::quality), core::Error);
        EXPECT_EQ(state(lineage, Stage::rollout), StageState::stale);
    }
}

}  // namespace
}  // namespace scale::record

// Status and checklist on records written through the store.
#include "report/status.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/file.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "record/store.h"
#include "record/tool.h"
#include "report/checklist.h"

namespace scale::report {
namespace {

using record::Stage;
namespace kind = record::kind;

class Pass : public testing::Test {
  protected:
    std::string add(Stage stage, const char* name, std::vector<std::string> parents, core::Json payload) {
        return store_.append({stage, name, std::move(parents), std::move(payload)}).hash;
    }
    record::Lineage lineage() const { return record::judge(store_.read()); }
    StatusView status(std::vector<std::string> changed = {}) const {
        return view_status(lineage(), std::move(changed));
    }
    Box box(const std::string& part, const std::string& now = "2026-06-01T00:00:00.000Z") const {
        for (const Box& found : check(lineage(), now).boxes)
            if (found.text.find(part) != std::string::npos) return found;
        ADD_FAILURE() << "no box '" << part << "'";
        return {};
    }

    std::string constraint(double required = 60) {
        record::Constraint payload;
        payload.kind = "throughput";
        payload.sentence = "We are throughput-bound.";
        payload.stakes = "normal";
        payload.target = {{"requests_per_minute", required}};
        payload.speed.requests_per_minute = 50;
        return constraint_ = add(Stage::constraint, kind::constraint, {}, payload);
    }
    std::string decision(double bits = 4, const std::string& plan = {}, double speedup = 1.5) {
        record::Candidate candidate;
        candidate.name = "Q4_0";
        candidate.nominal_bits = bits;
        candidate.chosen = candidate.trialled = true;
        candidate.speedup.median = speedup;
        record::Decision payload;
        payload.type = "Q4_0";
        payload.qat_plan_sha256 = plan;
        payload.candidates = {candidate};
        return decision_ = add(Stage::choice, kind::decision, {constraint_}, payload);
    }
    std::string calibration(int samples = 256) {
        record::CalibrationSet payload;
        payload.samples = samples;
        payload.log_requests = 1000;
        payload.set_sha256 = "a";
        payload.holdout_sha256 = "b";
        payload.holdout_samples = 90;
        payload.expires_at = "2026-09-01T00:00:00.000Z";
        const auto stratum = [](const char* length, int traffic) {
            record::Stratum made;
            made.format = "chat";
            made.topic = "code";
            made.length = length;
            made.traffic = traffic;
            made.samples = 5;
            made.holdout = 1;
            return made;
        };
        payload.strata = {stratum("short", 10), stratum("long", 9)};
        return set_ = add(Stage::calibration, kind::calibration_set, {decision_}, payload);
    }
    std::string artefact() {
        record::Artefact payload;
        payload.sha256 = "f00d";
        payload.path = "model.gguf";
        return artefact_ = add(Stage::calibration, kind::artefact, {set_}, payload);
    }
    std::string budget() { return budget_ = add(Stage::quality, kind::budget, {constraint_}, record::Budget{}); }
    std::string gate() {
        return add(Stage::quality, kind::gate_started, {artefact_, budget_},
                   record::GateStarted{"f00d", budget_, "", "", "", ""});
    }

    core::TemporaryFolder folder_;
    record::Store store_{folder_.path()};
    std::string constraint_, decision_, set_, artefact_, budget_;
};

TEST_F(Pass, AnEmptyFolderIsOpenAtTheConstraint) {
    const StatusView view = status();
    EXPECT_EQ(view.stage, "constraint");
    EXPECT_EQ(view.decision, record::stage_question(Stage::constraint));
    EXPECT_EQ(view.next, "scale set");
    EXPECT_TRUE(view.stale.empty());
    EXPECT_EQ(to_json(view)["stages"].size(), 5u);
    EXPECT_EQ(check(lineage(), "").ticked(), 0u);
}

TEST_F(Pass, TheNextCommandFollowsWhatIsMissing) {
    constraint();
    EXPECT_EQ(status().next, "scale choose");
    EXPECT_EQ(status().sentence, "We are throughput-bound.");
    decision();
    EXPECT_EQ(status().next, "scale assemble");
    calibration();
    EXPECT_EQ(status().next, "scale quantize");
    artefact();
    EXPECT_EQ(status().next, "scale lock --declare");
    budget();
    EXPECT_EQ(status().next, "scale lock");
}

TEST_F(Pass, DoingTheConstraintAgainMakesLaterStagesStale) {
    constraint();
    decision();
    calibration();
    artefact();
    constraint();
    const StatusView view = status();
    EXPECT_EQ(view.stage, "choice");
    ASSERT_EQ(view.stale.size(), 2u);
    EXPECT_EQ(view.stale[0].rfind("C choice: ", 0), 0u);
    EXPECT_FALSE(box("faster than the original").ticked);  // a stale decision ticks nothing
}

TEST_F(Pass, AChangedFingerprintOpensTheConstraintAgain) {
    constraint();
    decision();
    const StatusView view = status({"hardware"});
    EXPECT_EQ(view.stage, "constraint");
    EXPECT_EQ(view.next, "scale set");
    EXPECT_EQ(view.stale.size(), 2u);
    EXPECT_NE(to_text(view).find("Changed since stage S: hardware"), std::string::npos);
}

TEST_F(Pass, TheActionsAreTheNewestEntriesFirst) {
    for (int i = 0; i < 7; ++i) constraint();
    const StatusView view = status();
    ASSERT_EQ(view.actions.size(), 5u);
    EXPECT_EQ(view.actions[0].entry, 7u);
    EXPECT_EQ(to_json(view)["actions"][4]["entry"], 3);
}

TEST_F(Pass, AnActionNamesTheUserAndNotTheProgram) {
    record::set_tool_name("scale 0.1.0, llama.cpp b1, build 2, ada");
    constraint();
    const StatusView view = status();
    EXPECT_EQ(view.actions[0].who, "ada");
    EXPECT_NE(to_text(view).find("ada"), std::string::npos);
    EXPECT_EQ(to_text(view).find("llama.cpp"), std::string::npos);
}

TEST_F(Pass, AnExpiredSetAndShiftedTrafficAreNoted) {
    constraint();
    decision();
    calibration();
    const auto warnings = [&](const std::string& now) { return view_status(lineage(), {}, now).warnings.size(); };
    EXPECT_EQ(warnings("2026-08-31T23:59:59.999Z"), 0u);
    EXPECT_EQ(warnings("2026-09-01T00:00:00.000Z"), 1u);
    record::TrafficCheck checked;
    checked.verdict = "keep";
    add(Stage::calibration, kind::traffic_check, {set_}, checked);
    EXPECT_EQ(warnings(""), 0u);
    checked.verdict = "refresh";
    checked.sentence = "topics moved";
    add(Stage::calibration, kind::traffic_check, {set_}, checked);
    EXPECT_EQ(warnings(""), 1u);
    EXPECT_NE(to_text(view_status(lineage())).find("topics moved"), std::string::npos);
    calibration();  // a newer set answers the check
    EXPECT_EQ(warnings(""), 0u);
}

TEST_F(Pass, WhatACheckFoundChangedIsNamedOnce) {
    constraint();
    decision();
    add(Stage::constraint, kind::reopened, {constraint_}, {{"parts", {"traffic (topic 'soup')"}}});
    StatusView view = status({"engine (was 1, is 2)", "traffic (topic 'soup')"});
    EXPECT_EQ(view.changed.size(), 2u);
    EXPECT_EQ(view.stage, "constraint");
    EXPECT_EQ(view.next, "scale set");
    view = status();
    ASSERT_EQ(view.changed.size(), 1u);
    EXPECT_NE(to_text(view).find("Changed since stage S: traffic (topic 'soup')"), std::string::npos);
    EXPECT_EQ(view.actions[0].what, "traffic (topic 'soup')");
    constraint();
    EXPECT_TRUE(status().changed.empty());
}

TEST_F(Pass, BoxesOfTheConstraint) {
    constraint();
    EXPECT_TRUE(box("One sentence").ticked);
    EXPECT_EQ(box("One sentence").entry, 1u);
    EXPECT_TRUE(box("do not contradict").ticked);
    EXPECT_FALSE(box("measured on the target").ticked);  // no rounds in the record
    constraint(40);                                      // 50 are answered
    EXPECT_FALSE(box("do not contradict").ticked);
}

TEST_F(Pass, BoxesOfTheChoice) {
    constraint();
    decision(4, "", 0.9);
    EXPECT_FALSE(box("faster than the original").ticked);
    EXPECT_TRUE(box("4 bits by default").ticked);
    EXPECT_TRUE(box("Below 4 bits").ticked);
    decision(3);
    EXPECT_FALSE(box("Below 4 bits").ticked);
    decision(3, "plan");
    EXPECT_FALSE(box("Below 4 bits").ticked);  // no budget yet
    budget();
    EXPECT_TRUE(box("Below 4 bits").ticked);
}

TEST_F(Pass, BoxesOfTheCalibration) {
    constraint();
    decision();
    calibration(100);
    EXPECT_FALSE(box("128–512").ticked);
    EXPECT_TRUE(box("It covers").ticked);
    EXPECT_TRUE(box("has not expired").ticked);
    EXPECT_FALSE(box("has not expired", "2026-09-01T00:00:00.001Z").ticked);
    calibration(128);
    EXPECT_TRUE(box("128–512").ticked);
}

TEST_F(Pass, ABudgetDeclaredAfterAMeasurementIsNotTicked) {
    constraint();
    decision();
    calibration();
    artefact();
    budget();
    EXPECT_TRUE(box("before any result").ticked);
    gate();
    EXPECT_TRUE(box("before any result").ticked);
    budget();
    EXPECT_FALSE(box("before any result").ticked);
}

TEST_F(Pass, MarkdownEscapesWhatTextsSay) {
    record::Constraint payload;
    payload.kind = "memory";
    payload.sentence = "<script>\n- [x] forged *bold* `code`";
    add(Stage::constraint, kind::constraint, {}, payload);
    const std::string text = to_markdown(check(lineage(), ""));
    EXPECT_EQ(text.find("<script>"), std::string::npos);
    EXPECT_EQ(text.find("\n- [x] forged"), std::string::npos);
}

}  // namespace
}  // namespace scale::report

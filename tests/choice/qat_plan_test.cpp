#include "choice/qat/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scale::choice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A whole plan, leaving out the section `without`.
std::string plan_text(const std::string& without = {},
                      const std::string& acceptance = "Accepted by: R. Viewer, 2026-11-24") {
    std::string text = "# QAT plan\n\n" + acceptance + "\n";
    for (const PlanSection& section : required_plan_sections())
        if (section.name != without)
            text += "\n## " + std::string(section.name) + "\n" + std::string(section.content) + "\n";
    return text;
}

TEST(QatPlan, WholePlanIsAccepted) {
    const QatPlan plan = parse_qat_plan(plan_text());
    EXPECT_TRUE(plan.accepted()) << describe_gaps(plan);
    EXPECT_EQ(plan.accepted_by, "R. Viewer, 2026-11-24");
    EXPECT_EQ(describe_gaps(plan), "");
}

TEST(QatPlan, EveryRequiredSectionIsMissed) {
    for (const PlanSection& section : required_plan_sections()) {
        const QatPlan plan = parse_qat_plan(plan_text(std::string(section.name)));
        EXPECT_FALSE(plan.accepted()) << section.name;
        EXPECT_THAT(plan.missing, ElementsAre(std::string(section.name)));
        EXPECT_THAT(describe_gaps(plan), HasSubstr(std::string(section.name)));
    }
}

TEST(QatPlan, EmptyFileMissesAll) {
    EXPECT_EQ(parse_qat_plan("").missing.size(), required_plan_sections().size());
}

TEST(QatPlan, NeedsAnAcceptance) {
    EXPECT_FALSE(parse_qat_plan(plan_text({}, "")).accepted());
    EXPECT_FALSE(parse_qat_plan(plan_text({}, "Accepted by: TBD")).accepted());
    EXPECT_FALSE(parse_qat_plan(plan_text({}, "```\nAccepted by: in a code block\n```")).accepted());
    EXPECT_EQ(parse_qat_plan(plan_text({}, "**Accepted by:** Ann, today")).accepted_by, "Ann, today");
}

TEST(QatPlan, PlaceholdersAreNotContent) {
    for (const char* placeholder : {"", "TODO", "TBD: ask the team", "---", "…", "<!-- write this -->"}) {
        const QatPlan plan = parse_qat_plan(plan_text("Teacher") + "\n## Teacher\n" + placeholder + "\n");
        EXPECT_THAT(plan.empty, ElementsAre("Teacher")) << placeholder;
        EXPECT_TRUE(plan.missing.empty());
    }
}

TEST(QatPlan, TextUnderADeeperHeadingCounts) {
    const QatPlan plan = parse_qat_plan(plan_text("Risks") + "\n## Risks\n\n### Divergence\nLower the rate.\n");
    EXPECT_TRUE(plan.accepted()) << describe_gaps(plan);
}

TEST(QatPlan, HeadingInsideCodeIsNone) {
    const QatPlan plan = parse_qat_plan(plan_text("Risks") + "\n```\n## Risks\ntext\n```\n");
    EXPECT_THAT(plan.missing, ElementsAre("Risks"));
}

TEST(QatPlan, AnyLevelAndCaseOfHeading) {
    const QatPlan plan =
        parse_qat_plan(plan_text("Export proof") + "\n#### 14. EXPORT to GGUF\nrepack, then compare.\n");
    EXPECT_TRUE(plan.accepted()) << describe_gaps(plan);
}

}  // namespace
}  // namespace scale::choice

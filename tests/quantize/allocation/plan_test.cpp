#include "quantize/allocation/plan.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"

namespace scale::quantize {
namespace {

AllocationPlan some_plan() {
    AllocationPlan plan;
    plan.model_sha256 = "ab";
    plan.mix = "Q4_K_M";
    plan.types = {{"blk.0.attn_k.weight", "Q5_K"}, {"token_embd.weight", "Q6_K"}};
    plan.file_bytes = 1234;
    plan.bits_per_weight = 4.75;
    plan.budget_bytes = 1300;
    plan.kl = 0.0125;
    plan.kl_source = "estimated (here)";
    plan.notes = "by hand";
    return plan;
}

TEST(Plan, IsReadAsItWasWritten) {
    const AllocationPlan plan = some_plan();
    const AllocationPlan read = parse_plan(to_text(plan), "p");
    EXPECT_EQ(to_text(read), to_text(plan));
    EXPECT_EQ(digest(read), digest(plan));
    EXPECT_EQ(read.types, plan.types);
    EXPECT_EQ(read.file_bytes, plan.file_bytes);
    EXPECT_EQ(read.kl, plan.kl);
    AllocationPlan other = plan;
    other.types["token_embd.weight"] = "Q5_K";
    EXPECT_NE(digest(other), digest(plan));
}

TEST(Plan, WithoutAnEstimateHasNone) {
    AllocationPlan plan = some_plan();
    plan.kl_source.clear();
    EXPECT_FALSE(core::parse_json(to_text(plan), "p").contains("kl"));
    EXPECT_TRUE(parse_plan(to_text(plan), "p").kl_source.empty());
}

TEST(Plan, SaysWhatIsWrong) {
    const core::Json good = core::parse_json(to_text(some_plan()), "p");
    const auto refuse = [&](const char* key, const core::Json& value, const std::string& word) {
        core::Json bad = good;
        if (value.is_null())
            bad.erase(key);
        else
            bad[key] = value;
        try {
            parse_plan(core::canonical(bad), "p.json");
            ADD_FAILURE() << key << " was accepted";
        } catch (const core::Error& error) {
            EXPECT_NE(error.found().find("p.json"), std::string::npos) << error.found();
            EXPECT_NE(error.found().find(word), std::string::npos) << error.found();
        }
    };
    for (const char* key :
         {"format", "model_sha256", "mix", "types", "file_bytes", "budget_bytes", "allocation", "notes"})
        refuse(key, nullptr, key);
    refuse("format", 2, "format");
    refuse("types", core::Json::object(), "no tensor");
    refuse("types", {{"a", "Q9_X"}}, "Q9_X");
    refuse("types", {{"a", 3}}, "types");
    refuse("file_bytes", "many", "file_bytes");
    EXPECT_THROW(parse_plan("{", "p"), core::Error);
}

}  // namespace
}  // namespace scale::quantize

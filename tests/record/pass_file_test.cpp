#include "record/pass_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::record {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& text) {
    try {
        parse_pass_file(text, "scale.toml");
    } catch (const core::Error& error) {
        return error.what();
    }
    return {};
}

TEST(PassFile, TemplateRunsAsItIs) {
    const PassFile file = parse_pass_file(pass_file_template("my \"model\".gguf", "a model", 180), "scale.toml");
    EXPECT_EQ(file.model.path, "my \"model\".gguf");
    EXPECT_EQ(file.constraint.kind, "memory");
    EXPECT_EQ(file.constraint.memory_mib, 180);
    const PassFile defaults;
    EXPECT_EQ(file.calibration.samples, defaults.calibration.samples);
    EXPECT_EQ(file.rollout.steps, defaults.rollout.steps);
    EXPECT_EQ(file.budget.suites.size(), 10u);
}

TEST(PassFile, ReadsValuesOfEveryKind) {
    const PassFile file = parse_pass_file(
        "[model]\npath = \"m.gguf\"\n[constraint]\nkind = \"cost\"\nprice_per_hour = 2\nconcurrency = 8\n"
        "[budget]\npoints = 0.5\n[budget.suites]\nreasoning = 2.5\n[rollout]\nsteps = [1, 20]\nguardrails = [\"x\"]\n",
        "scale.toml");
    EXPECT_EQ(file.constraint.price_per_hour, 2.0);
    EXPECT_EQ(file.constraint.workload.concurrency, 8);
    EXPECT_EQ(file.budget.suites.at("reasoning"), 2.5);
    EXPECT_EQ(file.rollout.steps, (std::vector<std::int64_t>{1, 20}));
    EXPECT_EQ(file.rollout.guardrails, std::vector<std::string>{"x"});
}

TEST(PassFile, UnknownKeysSuggestTheNearest) {
    EXPECT_THAT(error_of("[model]\npaht = \"m.gguf\"\n"),
                HasSubstr("line 2: unknown key paht in [model]; did you mean 'path'?"));
    EXPECT_THAT(error_of("[constrain]\nkind = \"memory\"\n"), HasSubstr("did you mean 'constraint'?"));
    EXPECT_THAT(error_of("[budget.suites]\nresoning = 3\n"), HasSubstr("did you mean 'reasoning'?"));
}

TEST(PassFile, EveryMistakeIsReportedAtOnce) {
    const std::string error = error_of("[model]\npath = 3\n[calibration]\nsamples = \"many\"\nseeds = 1\n");
    EXPECT_THAT(error, HasSubstr("line 2: path in [model] must be a string"));
    EXPECT_THAT(error, HasSubstr("line 4: samples in [calibration] must be a whole number"));
    EXPECT_THAT(error, HasSubstr("line 5: unknown key seeds"));
}

TEST(PassFile, AGpuServerNeedsItsHardware) {
    const std::string vllm = "[model]\npath = \"m\"\n[deploy]\ntarget = \"vllm\"\n";
    EXPECT_THAT(error_of(vllm), HasSubstr("hardware in [deploy] is ''"));
    EXPECT_THAT(error_of(vllm + "hardware = \"hoper\"\n"), HasSubstr("did you mean 'hopper'?"));
    EXPECT_EQ(
        parse_pass_file(vllm + "hardware = \"hopper\"\ntensor_parallel = 4\n", "scale.toml").deploy.tensor_parallel, 4);
}

TEST(PassFile, ContradictionsAreNamed) {
    const std::string model = "[model]\npath = \"m.gguf\"\n";
    EXPECT_THAT(error_of("[traffic]\nlog = \"x\"\n"), HasSubstr("path in [model] is missing"));
    EXPECT_THAT(error_of(model + "stakes = \"low\"\n"), HasSubstr("needs stakes_reason"));
    EXPECT_THAT(error_of(model + "[constraint]\nkind = \"memmory\"\n"), HasSubstr("did you mean 'memory'?"));
    EXPECT_THAT(error_of(model + "[calibration]\nsamples = 100\n"), HasSubstr("128 to 512"));
    EXPECT_THAT(error_of(model + "[rollout]\nsteps = [500000, 100000]\n"), HasSubstr("steps in [rollout] must rise"));
    EXPECT_THAT(error_of(model + "[deploy]\ncontext = 100\n"), HasSubstr("more than context"));
    EXPECT_THAT(error_of(model + "[calibration]\nsamples = -1\n"), HasSubstr("whole number from 0"));
}

TEST(PassFile, SyntaxErrorsNameTheLine) {
    EXPECT_THAT(error_of("[model]\npath = \n"), HasSubstr("scale.toml line 2"));
}

}  // namespace
}  // namespace scale::record

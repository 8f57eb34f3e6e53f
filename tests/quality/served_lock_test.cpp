// A whole gate by servers that play vLLM: what the record says of it, and what is refused before it starts.
#include <cstdlib>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/job.h"
#include "engine/stock_quantize.h"
#include "quality/budget.h"
#include "quality/gate.h"
#include "quality/lock.h"
#include "record/pass.h"
#include "record/verify.h"
#include "support/paths.h"
#include "support/scoring_server.h"
#include "support/test_model.h"

namespace scale::quality {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServedLockTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        original_ = path->string();
        engine::set_worker_program(test::scale_program());
        candidate_ = (folder_.path() / "Q4_0.gguf").string();
        engine::quantize(original_, candidate_, {.mix = "Q4_0"});
        const std::string make = fmt::format("python3 {}/tests/cli/lock_pass.py {} {} --candidate {}",
                                             test::source_folder().string(), pass().string(), original_, candidate_);
        ASSERT_EQ(std::system(make.c_str()), 0);
    }

    std::filesystem::path pass() const { return folder_.path() / "pass"; }

    void declare(const std::string& original_url, const std::string& candidate_url) const {
        std::string servers;
        if (!original_url.empty())
            servers = fmt::format("original_url = \"{}\"\ncandidate_url = \"{}\"\n", original_url, candidate_url);
        core::write_file_atomic(pass() / "scale.toml", "[model]\npath = \"original.gguf\"\n"
                                                       "[quality]\nmode = \"likelihood\"\nsuites = [\"reasoning\"]\n"
                                                       "distribution = \"servers\"\ntop_tokens = 20\n" +
                                                           servers +
                                                           "[budget]\nkl_mean = 0.02\nitems = 20\nkl_tokens = 256\n");
        record::Pass opened(pass());
        declare_budget(opened);
    }

    std::string entry(const char* kind) const {
        const record::Lineage lineage = record::Pass(pass()).lineage();
        const record::Entry* found = record::latest(lineage.entries, kind);
        return found ? core::canonical(found->payload) : "";
    }

    core::TemporaryFolder folder_;
    std::string original_, candidate_;
};

TEST_F(ServedLockTest, TheRecordSaysWhoWasJudged) {
    const test::ScoringServer original(test::rows_of(original_)), candidate(test::rows_of(candidate_));
    std::string with_password = original.url();
    with_password.insert(7, "anna:secret@");
    declare(with_password, candidate.url());
    record::Pass opened(pass());
    const Locked locked = lock_quality(opened, 1);
    const record::ServedMeasurement& served = locked.verdict.served;
    EXPECT_EQ(served.original, original.url() + "/v1, model assistant, vllm 0.32.0");
    EXPECT_EQ(served.top_tokens, 20);
    EXPECT_LT(served.original_off, 1e-4);
    EXPECT_GT(served.between, 0.01);
    EXPECT_THAT(locked.verdict.sentence, HasSubstr("a lower bound (20 tokens a place)"));
    EXPECT_THAT(locked.verdict.noise.how, HasSubstr("asked twice"));
    for (const record::GateCheck& check : locked.verdict.checks) {
        if (check.endpoint == "kl_mean") {
            EXPECT_THAT(check.result, testing::AnyOf(result::fail, result::no_power));
        }
        if (check.category == "reasoning") {
            EXPECT_THAT(check.note, HasSubstr("scored by the servers"));
        }
    }
    EXPECT_THAT(entry("gate_started"),
                HasSubstr("distributions, forced choices and written answers by " + original.url()));
    EXPECT_THAT(core::read_file(pass() / ".scale" / "record.jsonl"), Not(HasSubstr("secret")));
    const record::Verification verified = record::verify(pass());
    for (const record::Finding& finding : verified.findings)
        if (finding.check == "verdict" || finding.check == "budget before result") {
            EXPECT_EQ(finding.outcome, record::Outcome::ok) << finding.detail;
        }
    const int asked = original.scored();
    EXPECT_TRUE(lock_quality(opened, 1).recalled);
    EXPECT_EQ(original.scored(), asked);
}

TEST_F(ServedLockTest, AServerOfTheWrongModelEndsTheGateWithoutAVerdict) {
    const test::ScoringServer original(test::rows_of(original_)), candidate(test::rows_of(candidate_));
    declare(candidate.url(), original.url());
    record::Pass opened(pass());
    try {
        lock_quality(opened, 1);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("than the engine on the original"));
        EXPECT_THAT(error.next(), HasSubstr("original_url"));
    }
    EXPECT_EQ(entry("verdict"), "");
}

TEST_F(ServedLockTest, WithoutServersNothingStarts) {
    declare("", "");
    record::Pass opened(pass());
    try {
        lock_quality(opened, 1);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("scale.toml names none"));
    }
    EXPECT_EQ(entry("gate_started"), "");
}

}  // namespace
}  // namespace scale::quality

#include "engine/job.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/job_protocol.h"
#include "support/paths.h"

namespace scale::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

class JobTest : public testing::Test {
  protected:
    JobTest() {
        std::signal(SIGPIPE, SIG_IGN);
        set_worker_program(test::scale_program());
    }

    std::filesystem::path log() const { return folder_.path() / "logs" / "worker.log"; }

    std::filesystem::path script(const std::string& body) const {
        const auto path = folder_.path() / "program.sh";
        std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }

    core::Error failure_of(const std::string& job, const core::Json& request = core::Json::object()) const {
        try {
            run_job(job, request, log());
        } catch (const core::Error& error) {
            return error;
        }
        return core::usage_error("the job did not fail");
    }

    core::TemporaryFolder folder_;
};

TEST_F(JobTest, ReturnsTheResultInSpiteOfStrayPrints) {
    const core::Json request = {{"text", "zwölf\n\"quoted\""}, {"number", 0.1}, {"list", {1, 2, 3}}};
    core::Progress progress("test");
    EXPECT_EQ(run_job("engine.selftest_echo", request, log(), &progress), request);
    EXPECT_THAT(core::read_file(log()), HasSubstr("a stray print"));
}

TEST_F(JobTest, ItsThreadsWaitBrieflyUnlessToldOtherwise) {
    ::unsetenv("OMP_WAIT_POLICY");
    ::unsetenv("GOMP_SPINCOUNT");
    set_worker_program(script(R"(cat >/dev/null; printf '{"result": "%s"}\n' "$GOMP_SPINCOUNT$OMP_WAIT_POLICY")"));
    const auto waits = [&](ThreadWaits asked) { return run_job("any", {}, log(), nullptr, asked); };
    EXPECT_EQ(waits(ThreadWaits::brief), "1000");
    EXPECT_EQ(waits(ThreadWaits::as_deployed), "");
    ::setenv("OMP_WAIT_POLICY", "active", 1);
    EXPECT_EQ(waits(ThreadWaits::brief), "active");
    ::unsetenv("OMP_WAIT_POLICY");
}

TEST_F(JobTest, CarriesLargeRequestsAndNumbersThatAreNotFinite) {
    core::Json request = {{"bad", std::numeric_limits<double>::quiet_NaN()},
                          {"infinite", std::numeric_limits<double>::infinity()},
                          {"text", std::string(3 << 20, 'x')}};
    const core::Json result = run_job("engine.selftest_echo", request, log());
    EXPECT_TRUE(result["bad"].is_null());
    EXPECT_TRUE(result["infinite"].is_null());
    EXPECT_EQ(result["text"], request["text"]);
}

TEST_F(JobTest, ReportsAnAbortOfTheEngineWithItsMessage) {
    const core::Error error = failure_of("engine.selftest_abort", {{"message", "the kettle is empty"}});
    EXPECT_EQ(error.kind(), core::ErrorKind::worker);
    EXPECT_THAT(error.found(), HasSubstr("engine.selftest_abort"));
    EXPECT_THAT(error.found(), HasSubstr("signal 6"));
    EXPECT_THAT(error.found(), HasSubstr("the kettle is empty"));
    EXPECT_THAT(error.next(), HasSubstr("worker.log"));
}

TEST_F(JobTest, RethrowsErrorsWithTheirKind) {
    EXPECT_EQ(failure_of("no.such_job").kind(), core::ErrorKind::usage);
    const core::Error missing = failure_of("engine.selftest_abort");
    EXPECT_EQ(missing.kind(), core::ErrorKind::input);
    EXPECT_THAT(missing.found(), HasSubstr("message"));
}

TEST_F(JobTest, ReportsAWorkerThatIsKilled) {
    set_worker_program(script("cat >/dev/null; echo 'loading the model' >&2; kill -9 $$"));
    const core::Error error = failure_of("any");
    EXPECT_EQ(error.kind(), core::ErrorKind::worker);
    EXPECT_THAT(error.found(), HasSubstr("signal 9"));
    EXPECT_THAT(error.found(), HasSubstr("loading the model"));
    EXPECT_THAT(error.next(), HasSubstr("memory"));
}

TEST_F(JobTest, ReportsAWorkerThatEndsBeforeItReadsTheRequest) {
    set_worker_program(script("exit 3"));
    EXPECT_THAT(failure_of("any", {{"text", std::string(1 << 20, 'x')}}).found(), HasSubstr("exit status 3"));
}

TEST_F(JobTest, RefusesNonsenseFromAWorker) {
    set_worker_program(script("cat >/dev/null; echo 'not json'"));
    EXPECT_THAT(failure_of("any").found(), HasSubstr("the worker's output"));
    set_worker_program(script("cat >/dev/null; echo '{\"other\":1}'"));
    EXPECT_EQ(failure_of("any").kind(), core::ErrorKind::worker);
    set_worker_program(script("cat >/dev/null; printf '{\"result\":{\"cut'; exit 0"));
    EXPECT_THAT(failure_of("any").found(), HasSubstr("without a result"));
}

TEST_F(JobTest, TruncatesTheLogAtTheStart) {
    core::write_file_atomic(log(), "from an earlier job");
    run_job("engine.selftest_echo", core::Json::object(), log());
    EXPECT_THAT(core::read_file(log()), Not(HasSubstr("earlier")));
}

TEST_F(JobTest, NamesAProgramThatCannotBeStarted) {
    set_worker_program(folder_.path() / "missing");
    EXPECT_EQ(failure_of("any").kind(), core::ErrorKind::io);
}

TEST(TellingLines, PrefersThoseThatSpeakOfFailure) {
    EXPECT_EQ(telling_lines("one\nGGML_ASSERT(x) failed\ntwo\n\n", 5), "GGML_ASSERT(x) failed");
    EXPECT_EQ(telling_lines("one\n two \n\nthree\n", 2), "two\nthree");
    EXPECT_EQ(telling_lines("", 5), "");
}

}  // namespace
}  // namespace scale::engine

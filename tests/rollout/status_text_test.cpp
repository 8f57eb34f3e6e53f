// What somebody has to see to stands in the status that people read, not only in its JSON.
#include "rollout/control/status_text.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {
namespace {

class HealthyArm : public ArmView {
  public:
    ArmStatus status() const override { return {}; }
    std::uint64_t version() const override { return 1; }
    void request_stop() override {}
};

class StatusText : public ::testing::Test {
  protected:
    StatusText() {
        StateFile(rollout_folder(folder_.path())).update([](RolloutState& state) {
            state.experiment = "exp";
            state.status = RolloutStatus::canary;
            state.weight_ppm = 100'000;
            return true;
        });
        ControllerOptions options;
        options.pass_folder = folder_.path();
        HealthyArm arm;
        status = RolloutController(options, arm, nullptr).status();
        status["log"] = {{"durability", "relaxed"}, {"failure", ""}, {"free_bytes", std::uint64_t{1} << 40}};
        status["gateway"] = {{"tls", {{"problem", ""}}}};
    }
    bool says(const std::string& part) const { return status_text(status).find(part) != std::string::npos; }

    core::Json status;

  private:
    core::TemporaryFolder folder_;
};

TEST_F(StatusText, NothingToSeeToIsNotSaid) {
    EXPECT_FALSE(says("problem"));
    EXPECT_TRUE(says("measured on this gateway's live traffic;"));
}

TEST_F(StatusText, NamesWhatHasToBeSeenTo) {
    status["log"]["free_bytes"] = std::uint64_t{300} << 20;
    EXPECT_TRUE(says("problem: the log's disk has 300.0 MiB left"));
    status["log"]["failure"] = "no space left on device";
    EXPECT_TRUE(says("no space left on device; everybody gets the original, without evidence"));
    status["log"]["durability"] = "strict";
    EXPECT_TRUE(says("no space left on device; clients get 503"));
    status["gateway"]["tls"]["problem"] = "the certificate cannot be used";
    EXPECT_TRUE(says("problem: the certificate cannot be used"));
    status["evidence_from"]["problem"] = "segment 5 of the log is missing";
    EXPECT_TRUE(says("problem: the evidence is not whole: segment 5 of the log is missing; an open rollout"));
    status["log_kept"] = {{"problem", "no space left on device"}};
    EXPECT_TRUE(says("problem: the log's checkpoint: no space left on device"));
    status["arms"]["candidate"]["tls_problem"] = "the private key x.key is missing";
    EXPECT_TRUE(says("problem: towards the candidate's server: the private key x.key is missing"));
    status["replicas"] = {{"lease", false}, {"problem", "connection refused"}};
    EXPECT_TRUE(says("no lease of the database (connection refused): everybody gets the original"));
    status["state"]["status"] = "rolled_back";  // nobody asks for a lease then
    EXPECT_FALSE(says("no lease"));
}

TEST_F(StatusText, SaysHowLongTheLogIsKeptAndWhatHoldsBackTheNextRemoval) {
    EXPECT_FALSE(says("log: "));
    status["log_kept"] = {{"keep_days", 30.0}, {"first_segment", 12}, {"removed", 4}, {"held", ""}};
    EXPECT_TRUE(says("log: segments from 12 on, 4 removed since the start; older than 30 days they go\n"));
    status["log_kept"]["held"] = "stage A has not read segment 12 yet";
    EXPECT_TRUE(says("older than 30 days they go; stage A has not read segment 12 yet\n"));
    status["log_kept"]["keep_days"] = 0.0;
    EXPECT_FALSE(says("log: "));
}

}  // namespace
}  // namespace scale::rollout

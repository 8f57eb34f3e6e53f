// What a gateway that does not run would say.
#include <fmt/format.h>

#include "core/error.h"
#include "rollout/control/prepare.h"
#include "rollout/control/rollout_controller.h"
#include "rollout/control/status_text.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds answer_limit{5000};
constexpr int shipments_at_once = 64;

class AbsentArm : public ArmView {
  public:
    ArmStatus status() const override {
        ArmStatus absent;
        absent.state = ArmState::stopped;
        return absent;
    }
    std::uint64_t version() const override { return 1; }
    void request_stop() override {}
};

// As the database has it; throws where it cannot be asked.
core::Json shared_status(RolloutController& controller, const JoinRequest& shared) {
    SharedStore store(shared.database, shared.flag, answer_limit);
    const std::string& experiment = controller.state().experiment;
    std::uint64_t read = 0;
    for (;;) {
        const auto shipments = store.shipments(experiment, read, shipments_at_once);
        if (shipments.empty()) break;
        for (const Shipment& shipment : shipments)
            for (const Record& record : records_of(shipment)) controller.replay(record);
        read = shipments.back().number;
    }
    const auto row = store.load();
    core::Json status = controller.status();
    status["evidence_of"] = "the live traffic of all gateways of this rollout, from the database";
    status["evidence_read"] = read;
    if (row && row->state.experiment == experiment && row->state.epoch > controller.state().epoch)
        status["state"] = to_json(row->state);
    return status;
}

}  // namespace

std::optional<core::Json> offline_status(const record::Pass& pass) {
    const auto folder = rollout_folder(pass.folder());
    if (!std::filesystem::exists(StateFile(folder).path())) return std::nullopt;
    AbsentArm absent;
    ControllerOptions options;
    options.pass_folder = pass.folder();
    options.settings = pass.file().rollout;
    options.served_model = std::filesystem::path(pass.file().model.path).stem().string();
    std::string alone;
    if (const auto shared = join_request(pass.folder(), pass.file().rollout)) try {
            RolloutController controller(options, absent, nullptr);
            return shared_status(controller, *shared);
        } catch (const core::Error& error) {
            alone = error.found();
        }
    RolloutController controller(options, absent, nullptr);
    controller.rebuild(folder / "log");
    core::Json status = controller.status();
    if (!alone.empty())
        status["evidence_of"] = fmt::format(
            "THIS GATEWAY'S live traffic alone, without that of the others of this rollout, because {}", alone);
    return status;
}

}  // namespace scale::rollout

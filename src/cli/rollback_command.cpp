#include <fmt/format.h>

#include "cli/commands.h"
#include "core/error.h"
#include "core/progress.h"
#include "record/objects.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/prepare.h"

namespace scale::cli {

namespace {

// The gateway switches at once and answers with its epoch. One that does not answer notices the state file within 100
// ms.
Ending through_gateway(const std::filesystem::path& folder, const rollout::GatewayInfo& gateway,
                       const std::string& because) {
    Ending ending;
    try {
        const auto answer = rollout::ask_action(folder, gateway, "rollback", because);
        if (answer.status == 200) {
            ending.text = answer.body.value("message", "rolled back");
            ending.json = answer.body;
            return ending;
        }
        core::say(fmt::format("the gateway answered {}: {}", answer.status, core::canonical(answer.body)));
    } catch (const core::Error& error) {
        core::say(error.found());
    }
    const auto done = rollout::roll_back_offline(folder, because, rollout::person());
    ending.text = done.sentence + "; the gateway did not answer and takes it from the state file";
    ending.json = {{"epoch", done.state.epoch}, {"status", rollout::to_string(done.state.status)}};
    return ending;
}

// The rollback stands already; whether the original can come back from the archive must still be told.
void verify_archive(const std::filesystem::path& folder, const std::string& original_sha256, Ending& ending) {
    const record::Objects objects(folder);
    if (original_sha256.empty()) return;
    core::say("verifying the archived original");
    objects.verify(original_sha256);
    ending.text += fmt::format("\nthe original's weights are archived and verified ({:.12}…)", original_sha256);
    ending.json["original_verified"] = original_sha256;
}

Ending rollback(Commands& commands, const std::string& because) {
    const auto& folder = commands.global().folder;
    if (!std::filesystem::exists(folder / "scale.toml") && !std::filesystem::exists(folder / ".scale"))
        throw core::input_error(fmt::format("{} holds no pass", folder.string()), "a folder with scale.toml",
                                "name it with --dir");
    if (const auto gateway = rollout::running_gateway(folder)) {
        Ending ending = through_gateway(folder, *gateway, because);
        ending.next = "scale evaluate status";
        return ending;
    }
    const auto done = rollout::roll_back_offline(folder, because, rollout::person());
    Ending ending;
    ending.text = done.sentence;
    ending.json = {{"epoch", done.state.epoch},
                   {"status", done.state.epoch == 0 ? "none" : rollout::to_string(done.state.status)},
                   {"changed", done.changed},
                   {"was_promoted", done.was_promoted}};
    if (done.state.epoch != 0) verify_archive(folder, done.state.original_sha256, ending);
    ending.next = done.state.epoch == 0 ? "scale status" : "scale evaluate start --original-only";
    return ending;
}

}  // namespace

void add_rollback_command(CLI::App& app, Commands& commands) {
    auto because = std::make_shared<std::string>();
    CLI::App* command = commands.add(app, "rollback", "give all traffic back to the original, from any state",
                                     "scale rollback --because \"users complain\"",
                                     [&commands, because] { return rollback(commands, *because); });
    command->add_option("--because", *because, "the reason, for the record");
}

}  // namespace scale::cli

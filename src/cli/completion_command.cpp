#include <memory>

#include "cli/commands.h"
#include "cli/shell/completion.h"

namespace scale::cli {

namespace {

Ending completion(const CLI::App& app, const std::string& shell) {
    const CommandShape program = shape_of(app);
    const std::string script = shell == "bash"  ? bash_completion(program)
                               : shell == "zsh" ? zsh_completion(program)
                                                : fish_completion(program);
    return {exit_code::done, script, {{"shell", shell}, {"script", script}}, {}};
}

}  // namespace

void add_completion_command(CLI::App& app, Commands& commands) {
    const auto shell = std::make_shared<std::string>();
    CLI::App* command = commands.add(app, "completion", "print the completion script of a shell",
                                     "source <(scale completion bash)", [&app, shell] { return completion(app, *shell); });
    command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace scale::cli

#include "cli/command.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace scale::cli {

CLI::App* Commands::add(CLI::App& app, const std::string& name, const std::string& description,
                        const std::string& example, std::function<Ending()> run) {
    CLI::App* command = app.add_subcommand(name, description);
    command->footer("Example:\n  " + example);
    command->add_option("--dir", global_.folder, "folder of the pass")->type_name("DIR")->capture_default_str();
    command->add_flag("--json", global_.json, "one JSON object on stdout, nothing else there");
    command->add_flag("-v,--verbose", global_.verbose, "more detail on stderr");
    command->add_flag("-q,--quiet", global_.quiet, "no progress on stderr");
    const std::string full_name = app.get_parent() ? app.get_name() + " " + name : name;
    functions_[full_name] = run;
    command->callback([this, full_name, run = std::move(run)] {
        chosen_ = run;
        chosen_name_ = full_name;
    });
    return command;
}

bool Commands::resumes() const {
    static constexpr std::array<std::string_view, 7> names{"set",  "choose", "assemble", "quantize",
                                                           "lock", "run",    "bundle"};
    return std::find(names.begin(), names.end(), chosen_name_) != names.end();
}

}  // namespace scale::cli

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace scale::cli {

namespace {

std::vector<Check> examine(const std::filesystem::path& folder) {
    std::vector<Check> checks{check_machine(),         check_engine(),       check_server(),
                              check_crash_reporting(), check_folder(folder), check_record(folder)};
    std::optional<record::PassFile> file;
    checks.push_back(check_pass_file(folder, file));
    if (!file) return checks;
    for (auto& check : check_model(folder, *file)) checks.push_back(std::move(check));
    checks.push_back(check_traffic(folder, *file));
    checks.push_back(check_listen(folder, *file));
    return checks;
}

std::string to_text(const std::vector<Check>& checks) {
    std::string text;
    for (const auto& check : checks) {
        text += fmt::format("{:<8} {:<13} {}\n", state_name(check.state), check.name, check.finding);
        if (!check.advice.empty()) text += fmt::format("{:<8} {:<13} → {}\n", "", "", check.advice);
    }
    return text;
}

Ending diagnose(const GlobalOptions& global) {
    const std::vector<Check> checks = examine(global.folder);
    const auto count = [&](CheckState state) {
        return std::count_if(checks.begin(), checks.end(), [&](const Check& check) { return check.state == state; });
    };
    const auto problems = count(CheckState::problem);
    const auto warnings = count(CheckState::warning);
    Ending ending;
    ending.code = problems ? exit_code::error : exit_code::done;
    ending.text = to_text(checks) + fmt::format("\n{} problem{}, {} warning{}", problems, problems == 1 ? "" : "s",
                                                warnings, warnings == 1 ? "" : "s");
    ending.json = {{"problems", problems}, {"warnings", warnings}, {"checks", core::Json::array()}};
    for (const auto& check : checks)
        ending.json["checks"].push_back({{"name", check.name},
                                         {"state", std::string(state_name(check.state))},
                                         {"finding", check.finding},
                                         {"advice", check.advice}});
    const bool has_pass =
        std::any_of(checks.begin(), checks.end(), [](const Check& check) { return check.name == "model"; });
    ending.next = problems   ? "scale doctor"
                  : has_pass ? "scale run, or stage by stage: scale status names the next one"
                             : "scale init MODEL.gguf";
    return ending;
}

}  // namespace

void add_doctor_command(CLI::App& app, Commands& commands) {
    const GlobalOptions& global = commands.global();
    commands.add(app, "doctor", "check machine, engine and pass, and say what to do about each problem", "scale doctor",
                 [&global] { return diagnose(global); });
}

}  // namespace scale::cli

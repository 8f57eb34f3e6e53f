#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/completion.h"

namespace scale::cli {

namespace {

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') result += '\\';
        result += c;
    }
    return result + "'";
}

// When the words so far name this command and none below it.
std::string condition(const CommandShape& command) {
    if (command.name.empty()) return "__fish_use_subcommand";
    std::string text;
    for (std::size_t at = 0; at < command.name.size();) {
        const std::size_t end = std::min(command.name.find(' ', at), command.name.size());
        text += (text.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + command.name.substr(at, end - at));
        at = end + 1;
    }
    if (command.commands.empty()) return text;
    text += "; and not __fish_seen_subcommand_from";
    for (const CommandShape& below : command.commands) text += " " + below.last_word();
    return text;
}

std::string values_of(const OptionShape& option) {
    if (option.value.empty()) return "";
    const bool required = !option.value_optional && !option.names.empty();
    if (option.value == "FILE") return required ? " -r -F" : " -F";
    const std::string exclusive = required ? " -x" : "";  // a value, and no file names
    if (!option.choices.empty()) return exclusive + " -a " + quoted(fmt::format("{}", fmt::join(option.choices, " ")));
    return exclusive + (option.value == "DIR" ? " -a '(__fish_complete_directories)'" : "");
}

// What may stand there without a name.
std::string argument(const CommandShape& command, const OptionShape& option) {
    const std::string values = option.choices.empty() && option.value == "FILE" ? " -F" : values_of(option);
    return fmt::format("complete -c scale -n {}{}\n", quoted(condition(command)), values);
}

std::string line(const CommandShape& command, const OptionShape& option) {
    std::string names;
    for (const std::string& name : option.names)
        names += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
    return fmt::format("complete -c scale -n {}{}{} -d {}\n", quoted(condition(command)), names, values_of(option),
                       quoted(option.description));
}

}  // namespace

std::string fish_completion(const CommandShape& program) {
    std::string text = "# Completion of scale for fish.\ncomplete -c scale -f\n";
    for (const CommandShape* command : flattened(program)) {
        for (const CommandShape& below : command->commands)
            text += fmt::format("complete -c scale -n {} -a {} -d {}\n", quoted(condition(*command)), below.last_word(),
                                quoted(below.description));
        for (const OptionShape& option : command->options) {
            if (!option.names.empty()) text += line(*command, option);
            if (!option.positional.empty()) text += argument(*command, option);
        }
    }
    return text;
}

}  // namespace scale::cli

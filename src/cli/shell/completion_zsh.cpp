#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/completion.h"

namespace scale::cli {

namespace {

// Text inside the brackets of an option's specification, within single quotes.
std::string escaped(const std::string& text, const std::string& special) {
    std::string result;
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
            continue;
        }
        if (special.find(c) != std::string::npos) result += '\\';
        result += c;
    }
    return result;
}

std::string action_of(const OptionShape& option) {
    if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
    if (option.value == "DIR") return "_files -/";
    if (option.value == "FILE") return "_files";
    return " ";
}

std::string argument(const OptionShape& option) {
    return fmt::format("'{}:{}:{}'", option.required ? "" : ":", escaped(option.positional, ":"), action_of(option));
}

// '(-q --quiet)'{-q,--quiet}'[no progress]'
std::string specification(const OptionShape& option) {
    std::string names = option.names[0];
    std::string exclusion;
    if (option.names.size() > 1) {
        exclusion = fmt::format("'({})'", fmt::join(option.names, " "));
        names = fmt::format("{{{}}}", fmt::join(option.names, ","));
    }
    const std::string value =
        option.value.empty()
            ? ""
            : fmt::format("{}:{}:{}", option.value_optional ? ":" : "", option.value, action_of(option));
    return fmt::format("{}{}'[{}]{}'", exclusion, names, escaped(option.description, "[]:\\"), value);
}

std::string function_of(const std::string& name) {
    std::string function = "_scale" + std::string(name.empty() ? "" : "_") + name;
    std::replace(function.begin(), function.end(), ' ', '_');
    return function;
}

std::string options_of(const CommandShape& command) {
    std::string lines;
    for (const OptionShape& option : command.options) {
        if (!option.names.empty()) lines += " \\\n    " + specification(option);
        if (!option.positional.empty()) lines += " \\\n    " + argument(option);
    }
    return lines;
}

std::string leaf(const CommandShape& command) {
    return fmt::format("{}() {{\n  _arguments -s{}\n}}\n\n", function_of(command.name), options_of(command));
}

std::string branch(const CommandShape& command) {
    std::string commands;
    std::string cases;
    for (const CommandShape& below : command.commands) {
        commands += fmt::format("        '{}:{}'\n", below.last_word(), escaped(below.description, ":\\"));
        cases += fmt::format("        {}) {} ;;\n", below.last_word(), function_of(below.name));
    }
    return fmt::format(
        "{}() {{\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n"
        "  _arguments -C{} \\\n    '1: :->command' '*:: :->arguments'\n"
        "  case $state in\n    command)\n      local -a commands=(\n{}      )\n      _describe command commands ;;\n"
        "    arguments)\n      case $line[1] in\n{}      esac ;;\n  esac\n}}\n\n",
        function_of(command.name), options_of(command), commands, cases);
}

}  // namespace

std::string zsh_completion(const CommandShape& program) {
    std::string text = "#compdef scale\n# Completion of scale for zsh.\n\n";
    for (const CommandShape* command : flattened(program))
        text += command->commands.empty() ? leaf(*command) : branch(*command);
    // Read as an autoloaded function the file has to do its first completion itself.
    return text + "if [ \"$funcstack[1]\" = _scale ]; then _scale \"$@\"; else compdef _scale scale; fi\n";
}

}  // namespace scale::cli

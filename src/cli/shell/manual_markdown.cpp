#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/manual.h"

namespace scale::cli {

namespace {

std::string cell(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '|' || c == '<') result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

std::string row(const std::string& name, const std::string& text) {
    return fmt::format("| `{}` | {} |\n", name, cell(text));
}

std::string name_of(const OptionShape& option) {
    if (option.names.empty()) return option.positional;
    std::string name = fmt::format("{}", fmt::join(option.names, ", "));
    if (option.value.empty()) return name;
    const std::string value = option.choices.empty() ? option.value : fmt::format("{}", fmt::join(option.choices, "/"));
    return name + (option.value_optional ? " [" + value + "]" : " " + value);
}

std::string command_text(const CommandShape& command) {
    std::string text = fmt::format("\n## scale{}{}\n\n{}.\n", command.name.empty() ? "" : " ", command.name,
                                   command.description);
    if (!command.options.empty()) text += "\n| option | meaning |\n|---|---|\n";
    for (const OptionShape& option : command.options)
        text += row(name_of(option), option.description +
                                         (option.default_value.empty() ? "" : " (default: " + option.default_value + ")") +
                                         (option.required ? " (required)" : ""));
    if (!command.example.empty()) text += "\nExample:\n\n    " + command.example + "\n";
    return text;
}

std::string list_of(const std::string& heading, const std::string& column, const std::vector<NamedText>& all) {
    std::string text = fmt::format("\n## {}\n\n| {} | meaning |\n|---|---|\n", heading, column);
    for (const NamedText& one : all) text += row(one.name, one.text);
    return text;
}

}  // namespace

std::string manual_markdown(const CommandShape& program) {
    std::string text = "# Command line\n\nWritten by `scale manual --format markdown`, from the program's own options.\n";
    for (const CommandShape* command : flattened(program)) text += command_text(*command);
    text += list_of("Exit status", "status", exit_statuses());
    text += list_of("Environment", "variable", environment_variables());
    return text + list_of("Files of a pass", "file", files_of_a_pass());
}

}  // namespace scale::cli

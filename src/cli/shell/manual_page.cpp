#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/manual.h"

namespace scale::cli {

namespace {

// Text as the formatter prints it: no control lines, no hyphens where a user copies a minus sign.
std::string roff(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\\') {
            result += "\\e";
        } else if (c == '-') {
            result += "\\-";
        } else if (c == '\n') {
            result += "\n.br\n";
        } else {
            if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) result += "\\&";
            result += c;
        }
    }
    return result;
}

std::string term(const std::string& name, const std::string& text) {
    return fmt::format(".TP\n{}\n{}\n", name, roff(text));
}

std::string bold(const std::string& text) {
    return "\\fB" + roff(text) + "\\fR";
}

std::string italic(const std::string& text) {
    return "\\fI" + roff(text) + "\\fR";
}

std::string values_of(const OptionShape& option) {
    if (option.value.empty()) return "";
    const std::string value =
        option.choices.empty() ? italic(option.value) : fmt::format("{}", fmt::join(option.choices, "|"));
    return option.value_optional && !option.names.empty() ? " [" + value + "]" : " " + value;
}

std::string option_term(const OptionShape& option) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
    if (names.empty()) return term(italic(option.positional), option.description);
    const std::string note = option.default_value.empty() ? "" : " [default: " + option.default_value + "]";
    return term(names + values_of(option), option.description + note);
}

// Options that every command has are told once.
bool is_common(const OptionShape& option) {
    for (const std::string& name : option.names)
        if (name == "--dir" || name == "--json" || name == "--verbose" || name == "--quiet" || name == "--help")
            return true;
    return false;
}

std::string positionals_of(const CommandShape& command) {
    std::string text;
    for (const OptionShape& option : command.options)
        if (option.names.empty() || !option.positional.empty())
            text += option.required ? " " + italic(option.positional) : " [" + italic(option.positional) + "]";
    return text;
}

std::string command_text(const CommandShape& command) {
    std::string text = fmt::format(".SS {}{}\n{}.\n", bold("scale " + command.name), positionals_of(command),
                                   roff(command.description));
    for (const OptionShape& option : command.options)
        if (!is_common(option)) text += option_term(option);
    if (!command.example.empty()) text += ".PP\nExample:\n.PP\n.RS\n.nf\n" + roff(command.example) + "\n.fi\n.RE\n";
    return text;
}

std::string list_of(const std::string& heading, const std::vector<NamedText>& all) {
    std::string text = ".SH " + heading + "\n";
    for (const NamedText& one : all) text += term(bold(one.name), one.text);
    return text;
}

}  // namespace

std::string manual_page(const CommandShape& program, const std::string& version) {
    const auto all = flattened(program);
    std::string text = fmt::format(".TH SCALE 1 \"\" \"scale {}\" \"User commands\"\n", version);
    text += ".SH NAME\nscale \\- " + roff("from a constraint to a quantised language model in production") + "\n";
    text += ".SH SYNOPSIS\n.B scale\n.I COMMAND\n.RI [ OPTIONS ]\n.br\n.B scale\n.B \\-\\-version\n";
    text += ".SH DESCRIPTION\n" +
            roff("scale takes a language model through five ordered stages to a quantised model in production, and "
                 "keeps the record that proves the way: S, set the constraint (scale set); C, choose precision and "
                 "format (scale choose); A, assemble calibration (scale assemble, scale quantize); L, lock in quality "
                 "(scale lock); E, evaluate in production (scale evaluate). A pass is a folder; every command ends by "
                 "naming the next one.") +
            "\n.SH COMMON OPTIONS\n";
    for (const CommandShape* command : all) {
        if (command->commands.empty() && !command->name.empty()) {
            for (const OptionShape& option : command->options)
                if (is_common(option)) text += option_term(option);
            break;
        }
    }
    text += ".SH COMMANDS\n";
    for (const CommandShape* command : all)
        if (!command->name.empty()) text += command_text(*command);
    text += list_of("EXIT STATUS", exit_statuses());
    text += list_of("ENVIRONMENT", environment_variables());
    return text + list_of("FILES", files_of_a_pass());
}

}  // namespace scale::cli

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/shell/completion.h"

namespace scale::cli {

namespace {

// The body of the function. It finds the command among the words so far, offers the values of an option that takes one,
// and else the options and commands that may stand there. Without an offer, readline completes file names.
constexpr const char* script = R"bash(# Completion of scale for bash.
_scale() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command='' word words='' files='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{command:+$command }}${{COMP_WORDS[i]}}
    case $word in
      {commands}) command=$word ;;
    esac
  done
  case "$command $previous" in
{values}  esac
  case $command in
{words}  esac
  [[ $current == -* || -z $files ]] || return
  compopt +o bashdefault +o default
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _scale scale
)bash";

std::string quoted_names(const std::vector<const CommandShape*>& all) {
    std::string list;
    for (const CommandShape* command : all)
        if (!command->name.empty()) list += (list.empty() ? "'" : "|'") + command->name + "'";
    return list;
}

std::string values_of(const CommandShape& command) {
    std::string cases;
    for (const OptionShape& option : command.options) {
        if (option.value.empty() || option.names.empty()) continue;
        std::string pattern;
        for (const std::string& name : option.names)
            pattern += (pattern.empty() ? "'" : "|'") + command.name + " " + name + "'";
        std::string action = "return";
        if (!option.choices.empty())
            action =
                fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\")); return", fmt::join(option.choices, " "));
        else if (option.value == "DIR")
            action = "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\")); return";
        else if (option.value != "FILE")
            action = "compopt +o bashdefault +o default; return";
        cases += fmt::format("    {}) {} ;;\n", pattern, action);
    }
    return cases;
}

std::string words_of(const CommandShape& command) {
    std::vector<std::string> words;
    std::string files;
    for (const CommandShape& below : command.commands) words.push_back(below.last_word());
    for (const OptionShape& option : command.options) {
        words.insert(words.end(), option.names.begin(), option.names.end());
        if (option.positional.empty()) continue;
        words.insert(words.end(), option.choices.begin(), option.choices.end());
        if (option.value == "FILE") files = "yes";
    }
    return fmt::format("    '{}') words='{}' files='{}' ;;\n", command.name, fmt::join(words, " "), files);
}

}  // namespace

std::string bash_completion(const CommandShape& program) {
    const auto all = flattened(program);
    std::string values;
    std::string words;
    for (const CommandShape* command : all) {
        values += values_of(*command);
        words += words_of(*command);
    }
    return fmt::format(fmt::runtime(script), fmt::arg("commands", quoted_names(all)), fmt::arg("values", values),
                       fmt::arg("words", words));
}

}  // namespace scale::cli

// What every command shares: global options, and how it ends.
//
// A command is one file, <name>_command.cpp, with one function `void add_<name>_command(CLI::App& app, Commands&
// commands)` that declares its options and hands a function to run. That function does its work through the stage
// modules and returns an Ending; main turns it into output and exit code in one place. Commands never print results
// themselves.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "core/json.h"

namespace scale::cli {

namespace exit_code {
inline constexpr int done = 0;
inline constexpr int error = 1;
inline constexpr int usage = 2;
inline constexpr int fail = 3;
inline constexpr int inconclusive = 4;
inline constexpr int refused = 5;
}  // namespace exit_code

struct GlobalOptions {
    std::filesystem::path folder = ".";
    bool json = false;
    bool verbose = false;
    bool quiet = false;
};

struct Ending {
    int code = exit_code::done;
    std::string text;  // for people, printed on stdout without --json; may have several lines
    core::Json json;   // an object, printed on stdout with --json; main adds "exit_code", "next" and "command"
    std::string next;  // the next command, "" where there is none
};

class Commands {
  public:
    GlobalOptions& global() { return global_; }
    const GlobalOptions& global() const { return global_; }
    // Adds the subcommand with its description and an example for --help, and the options --dir, --json, -v, -q.
    CLI::App* add(CLI::App& app, const std::string& name, const std::string& description, const std::string& example,
                  std::function<Ending()> run);
    // Runs another command as its default options would; "evaluate start" for a command of a command.
    Ending run(const std::string& name) const { return functions_.at(name)(); }
    // Runs the parsed subcommand.
    Ending run() const { return chosen_(); }
    bool has_chosen() const { return static_cast<bool>(chosen_); }
    const std::string& chosen_name() const { return chosen_name_; }
    // Whether the parsed subcommand works on a pass for long, and goes on where it was when it is started again.
    bool resumes() const;

  private:
    GlobalOptions global_;
    std::map<std::string, std::function<Ending()>> functions_;
    std::function<Ending()> chosen_;
    std::string chosen_name_;
};

}  // namespace scale::cli

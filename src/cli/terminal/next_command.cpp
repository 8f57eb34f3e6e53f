#include "cli/terminal/next_command.h"

#include <algorithm>
#include <string_view>

#include "cli/terminal/interrupt.h"

namespace scale::cli {

namespace {

constexpr const char* folder_option = "--dir";

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        if (command->get_name() == name) return command;
    return nullptr;
}

// Where the words of the command end that begin at `at`, the text after "scale "; `at` itself where it is no command
// that takes a folder.
std::size_t end_of_command(const std::string& text, std::size_t at, const CLI::App& app) {
    const CLI::App* command = &app;
    std::size_t end = at;
    for (std::size_t begin = at;;) {
        const std::size_t stop = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", begin), text.size());
        const CLI::App* inner = command_named(*command, text.substr(begin, stop - begin));
        if (!inner) break;
        command = inner;
        end = stop;
        if (stop == text.size() || text[stop] != ' ') break;
        begin = stop + 1;
    }
    return command->get_option_no_throw(folder_option) ? end : at;
}

}  // namespace

std::string with_folder(const std::string& next, const std::filesystem::path& folder, const CLI::App& app) {
    constexpr std::string_view program = "scale ";
    if (folder == "." || next.find(folder_option) != std::string::npos) return next;
    const char* words[] = {folder_option, folder.c_str()};
    const std::string option = shell_line(2, words);
    std::string result;
    std::size_t done = 0;
    for (std::size_t at = next.find(program); at != std::string::npos; at = next.find(program, at + 1)) {
        if (at > 0 && next[at - 1] != ' ' && next[at - 1] != '(') continue;
        const std::size_t begin = at + program.size(), end = end_of_command(next, begin, app);
        if (end == begin) continue;
        result += next.substr(done, end - done) + " " + option;
        done = end;
    }
    return result + next.substr(done);
}

}  // namespace scale::cli

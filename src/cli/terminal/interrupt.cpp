#include "cli/terminal/interrupt.h"

#include <csignal>
#include <string_view>
#include <unistd.h>

namespace scale::cli {

namespace {

// Written before the handler is installed, only read by it.
std::string note;

void on_signal(int number) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, note.data(), note.size());
    std::raise(number);  // delivered with the default action once this returns
}

bool needs_quotes(std::string_view word) {
    return word.empty() || word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                                  "_-+=:,./@%") != std::string_view::npos;
}

std::string quoted(std::string_view word) {
    if (!needs_quotes(word)) return std::string(word);
    std::string result = "'";
    for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

}  // namespace

std::string shell_line(int count, const char* const* words) {
    std::string line;
    for (int i = 0; i < count; ++i) line += (i > 0 ? " " : "") + quoted(words[i]);
    return line;
}

void explain_interruption(const std::string& command_line) {
    note = "\ninterrupted; what was finished is in the record, and nothing in it is lost\nnext: " + command_line +
           " (goes on from there)\n";
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace scale::cli

// The one error type of the program.
//
// An Error ends an operation: bad input, failed I/O, a crashed worker, a refusal by the framework. Ordinary outcomes
// (a failed gate, an undecided rollout) are values. Our own bugs are assertions. src/cli translates an Error to an exit
// code and to at most three lines on stderr, in one place.
#pragma once

#include <stdexcept>
#include <string>

namespace scale::core {

enum class ErrorKind {
    input,    // a file, a setting or a request says something we cannot use; exit 1
    io,       // the system refused: no space, no permission, port in use; exit 1
    worker,   // a child process (engine work, a server) crashed or answered nonsense; exit 1
    usage,    // the command line is wrong; exit 2
    refused,  // the framework's rules forbid it: order, missing budget, slower kernel, missing QAT plan; exit 5
};

class Error : public std::runtime_error {
  public:
    // `found` says what was met and where, `expected` what would have been right, `next` what the user can do.
    // `expected` and `next` may be empty.
    Error(ErrorKind kind, std::string found, std::string expected = {}, std::string next = {});

    ErrorKind kind() const { return kind_; }
    const std::string& found() const { return found_; }
    const std::string& expected() const { return expected_; }
    const std::string& next() const { return next_; }

  private:
    ErrorKind kind_;
    std::string found_;
    std::string expected_;
    std::string next_;
};

Error input_error(std::string found, std::string expected = {}, std::string next = {});
Error io_error(std::string found, std::string expected = {}, std::string next = {});
Error worker_error(std::string found, std::string expected = {}, std::string next = {});
Error usage_error(std::string found, std::string expected = {}, std::string next = {});
Error refused(std::string found, std::string expected = {}, std::string next = {});

// io_error for a failed system call: appends the text of errno, read before anything can change it.
Error system_error(const std::string& action, int errno_value);

}  // namespace scale::core

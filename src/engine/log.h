// Where the engine's messages go: stderr, which in a worker is the job's log file.
#pragma once

#include <string>

namespace scale::engine {

// Starts the engine once per process; warnings and errors are logged.
void start_engine();

// Informational messages too; a worker's log has them, since they explain a crash.
void log_all_of_the_engine();

// Keeps a copy of every message while it lives, of whatever level. One at a time.
class LogCapture {
  public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;
    std::string text() const;

    // What the engine says of its last failure: the text behind `mark` on the last line that has it; "" without one.
    std::string after(const std::string& mark) const;
};

}  // namespace scale::engine

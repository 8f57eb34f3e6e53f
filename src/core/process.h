// Child processes.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "core/file.h"

namespace scale::core {

struct ProcessOptions {
    std::vector<std::string> arguments;  // arguments[0] is the program; looked up in PATH where it has no slash
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours
    bool pipe_stdin = false;
    bool pipe_stdout = false;
    std::optional<std::filesystem::path> stderr_file;  // appended to; inherited where absent
    std::optional<std::filesystem::path> stdout_file;  // as stderr_file; not with pipe_stdout
    bool die_with_parent = true;  // the kernel sends SIGKILL to the child when the thread that started it dies
    bool new_session = false;     // for a daemon: detached from the terminal
};

// A running child. The destructor kills and reaps it unless it was waited for or detached.
class Process {
  public:
    // Throws an io error where the program cannot be started.
    explicit Process(const ProcessOptions& options);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    pid_t pid() const { return pid_; }
    int stdin_descriptor() const { return stdin_.get(); }
    int stdout_descriptor() const { return stdout_.get(); }
    void close_stdin() { stdin_.reset(); }

    int wait();                                                    // the wait status, see exit_text
    std::optional<int> wait_for(std::chrono::milliseconds limit);  // empty: still running
    void signal(int number) const;
    void stop(std::chrono::milliseconds grace);  // SIGTERM, then SIGKILL after the grace time
    void detach();                               // gives up ownership; the child goes on

  private:
    pid_t pid_ = -1;
    FileDescriptor stdin_;
    FileDescriptor stdout_;
};

// "exit status 3", "killed by signal 6 (Aborted)".
std::string exit_text(int wait_status);

// The path of the running program.
std::filesystem::path own_program();

// The last `lines` lines of a text file, "" where it cannot be read.
std::string tail_of_file(const std::filesystem::path& path, int lines);

}  // namespace scale::core

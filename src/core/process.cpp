#include "core/process.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "core/error.h"
#include "core/peak_memory.h"
#include "core/text.h"

namespace scale::core {

namespace {

struct Pipe {
    FileDescriptor read;
    FileDescriptor write;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
    return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<char*> as_argv(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> merged_environment(const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> all;
    for (char** entry = ::environ; *entry; ++entry) {
        const std::string text = *entry;
        const std::string name = text.substr(0, text.find('='));
        const bool replaced =
            std::any_of(added.begin(), added.end(), [&](const auto& pair) { return pair.first == name; });
        if (!replaced) all.push_back(text);
    }
    for (const auto& [name, value] : added) all.push_back(name + "=" + value);
    return all;
}

FileDescriptor open_for_append(const std::filesystem::path& path) {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file) throw system_error("cannot write " + path.string(), errno);
    return file;
}

// As waitpid, and notes the child's peak of memory.
pid_t wait_for_child(pid_t pid, int& status, int options) {
    rusage used{};
    const pid_t done = ::wait4(pid, &status, options, &used);
    if (done > 0) note_child_memory(static_cast<std::uint64_t>(used.ru_maxrss) * 1024);
    return done;
}

}  // namespace

Process::Process(const ProcessOptions& options) {
    // Everything that allocates happens before fork: after it only async-signal-safe calls are allowed.
    std::vector<std::string> arguments = options.arguments;
    std::vector<std::string> environment = merged_environment(options.environment);
    std::vector<char*> argv = as_argv(arguments);
    std::vector<char*> envp = as_argv(environment);
    Pipe input, output, failure = make_pipe();
    FileDescriptor error_file, output_file;
    if (options.pipe_stdin) input = make_pipe();
    if (options.pipe_stdout) output = make_pipe();
    if (options.stderr_file) error_file = open_for_append(*options.stderr_file);
    if (options.stdout_file) output_file = open_for_append(*options.stdout_file);
    const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const pid_t parent = ::getpid();

    pid_ = ::fork();
    if (pid_ < 0) throw system_error("cannot start a process", errno);
    if (pid_ == 0) {
        if (options.new_session) ::setsid();
        if (options.die_with_parent) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) ::_exit(127);
        }
        ::dup2(options.pipe_stdin ? input.read.get() : null.get(), STDIN_FILENO);
        if (options.pipe_stdout) ::dup2(output.write.get(), STDOUT_FILENO);
        if (output_file) ::dup2(output_file.get(), STDOUT_FILENO);
        if (error_file) ::dup2(error_file.get(), STDERR_FILENO);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        ::execvpe(argv[0], argv.data(), envp.data());
        const int reason = errno;
        [[maybe_unused]] const ssize_t ignored = ::write(failure.write.get(), &reason, sizeof reason);
        ::_exit(127);
    }
    failure.write.reset();
    int reason = 0;
    ssize_t got = 0;
    do {
        got = ::read(failure.read.get(), &reason, sizeof reason);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof reason) {
        wait();
        throw system_error("cannot start " + arguments[0], reason);
    }
    stdin_ = std::move(input.write);
    stdout_ = std::move(output.read);
}

Process::~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), stdin_(std::move(other.stdin_)), stdout_(std::move(other.stdout_)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(stdin_, other.stdin_);
    std::swap(stdout_, other.stdout_);
    return *this;
}

int Process::wait() {
    int status = 0;
    while (wait_for_child(pid_, status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

std::optional<int> Process::wait_for(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        int status = 0;
        const pid_t done = wait_for_child(pid_, status, WNOHANG);
        if (done == pid_) {
            pid_ = -1;
            return status;
        }
        if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void Process::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

void Process::stop(std::chrono::milliseconds grace) {
    if (pid_ <= 0) return;
    signal(SIGTERM);
    if (wait_for(grace)) return;
    signal(SIGKILL);
    wait();
}

void Process::detach() {
    pid_ = -1;
}

std::string exit_text(int wait_status) {
    if (WIFEXITED(wait_status)) return "exit status " + std::to_string(WEXITSTATUS(wait_status));
    if (WIFSIGNALED(wait_status)) {
        const int number = WTERMSIG(wait_status);
        return "killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
    }
    return "wait status " + std::to_string(wait_status);
}

std::filesystem::path own_program() {
    std::error_code failure;
    auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
    if (failure) throw system_error("cannot find the running program", failure.value());
    return path;
}

std::string tail_of_file(const std::filesystem::path& path, int lines) {
    std::string text;
    try {
        text = read_file(path);
    } catch (const Error&) {
        return {};
    }
    const auto all = split_lines(text);
    const std::size_t first =
        all.size() > static_cast<std::size_t>(lines) ? all.size() - static_cast<std::size_t>(lines) : 0;
    std::string tail;
    for (std::size_t i = first; i < all.size(); ++i) tail += std::string(all[i]) + "\n";
    return tail;
}

}  // namespace scale::core

// The parent's side of job.h.
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "core/text.h"
#include "engine/job.h"
#include "engine/job_protocol.h"

namespace scale::engine {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_line = std::size_t{1} << 30;
constexpr int log_lines_shown = 5;
constexpr int log_lines_read = 200;

fs::path& worker_program() {
    static fs::path program;
    return program;
}

void truncate_log(const fs::path& log) {
    if (log.has_parent_path()) fs::create_directories(log.parent_path());
    const core::FileDescriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) throw core::system_error("cannot write " + log.string(), errno);
}

core::Process start_worker(const std::string& name, const fs::path& log, ThreadWaits waits) {
    core::ProcessOptions options;
    const fs::path program = worker_program().empty() ? core::own_program() : worker_program();
    options.arguments = {program.string(), "worker", name};
    options.environment = thread_environment(waits);
    // Without this the engine starts a debugger on itself when it aborts, which may hang for seconds.
    options.environment.emplace_back("GGML_NO_BACKTRACE", "1");
    options.pipe_stdin = true;
    options.pipe_stdout = true;
    options.stderr_file = log;
    return core::Process(options);
}

// A worker that died early cannot take the request; how it ended is reported after the wait.
void send_request(core::Process& worker, const core::Json& request) {
    try {
        core::write_all(worker.stdin_descriptor(), core::canonical(request), "the request to the worker");
    } catch (const core::Error&) {
    }
    worker.close_stdin();
}

// Splits the worker's output into lines.
class LineReader {
  public:
    explicit LineReader(int descriptor) : descriptor_(descriptor) {}

    std::optional<std::string> next() {
        for (;;) {
            const std::size_t end = buffer_.find('\n', searched_);
            if (end != std::string::npos) return take(end);
            searched_ = buffer_.size();
            if (buffer_.size() > longest_line)
                throw core::worker_error("the worker sent a line of more than 1 GiB", "JSON lines");
            if (!fill()) return std::nullopt;
        }
    }

  private:
    std::string take(std::size_t end) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        searched_ = 0;
        return line;
    }

    bool fill() {
        char chunk[65536];
        for (;;) {
            const ssize_t got = ::read(descriptor_, chunk, sizeof chunk);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw core::system_error("cannot read from the worker", errno);
            buffer_.append(chunk, static_cast<std::size_t>(got));
            return got > 0;
        }
    }

    int descriptor_;
    std::string buffer_;
    std::size_t searched_ = 0;
};

struct Answer {
    std::optional<core::Json> result;
    std::optional<core::Error> error;
    bool complete() const { return result || error; }
};

void take_line(const std::string& line, Answer& answer, core::Progress* progress) {
    const core::Json message = core::parse_json(line, "the worker's output");
    if (message.contains("progress") && message["progress"].is_object()) {
        const core::Json& at = message["progress"];
        if (progress)
            progress->update(at.value("done", 0.0), at.value("total", 0.0), at.value("note", ""),
                             at.value("memory", std::uint64_t{0}));
    } else if (message.contains("result")) {
        answer.result = message["result"];
    } else if (message.contains("error")) {
        answer.error = error_from_json(message["error"]);
    } else {
        throw core::worker_error("the worker sent '" + line.substr(0, 80) + "'", "progress, result or error");
    }
}

core::Error died(const std::string& name, int status, const fs::path& log) {
    std::string found = "the engine worker '" + name + "' ended without a result: " + core::exit_text(status);
    const std::string lines = telling_lines(core::tail_of_file(log, log_lines_read), log_lines_shown);
    if (!lines.empty()) found += "\n" + lines;
    std::string next = "read the engine's log: " + log.string();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        next =
            "the system may have killed it for want of memory: free some, or lower the context or the concurrency; "
            "the log is " +
            log.string();
    return core::worker_error(std::move(found), {}, std::move(next));
}

}  // namespace

void set_worker_program(const fs::path& program) {
    worker_program() = program;
}

core::Json run_job(const std::string& name, const core::Json& request, const fs::path& log, core::Progress* progress,
                   ThreadWaits waits) {
    truncate_log(log);
    core::Process worker = start_worker(name, log, waits);
    send_request(worker, request);
    Answer answer;
    LineReader lines(worker.stdout_descriptor());
    while (const auto line = lines.next()) take_line(*line, answer, progress);
    const int status = worker.wait();
    // A complete answer counts even where the worker then fails while it frees what it held.
    if (answer.error) throw *answer.error;
    if (answer.result) return std::move(*answer.result);
    throw died(name, status, log);
}

}  // namespace scale::engine

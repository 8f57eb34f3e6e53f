// The worker's side of job.h.
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <new>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/job.h"
#include "engine/job_protocol.h"
#include "engine/log.h"

namespace scale::engine {

namespace {

std::string read_all(int descriptor) {
    std::string text;
    char chunk[65536];
    for (;;) {
        const ssize_t got = ::read(descriptor, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw core::system_error("cannot read the request", errno);
        if (got == 0) return text;
        text.append(chunk, static_cast<std::size_t>(got));
    }
}

// Takes stdout for the protocol and lets everything else that is printed there go to stderr, so that a stray print of
// the engine cannot corrupt the protocol.
core::FileDescriptor claim_stdout() {
    core::FileDescriptor channel(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!channel || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) throw core::system_error("cannot redirect stdout", errno);
    return channel;
}

void send(int channel, const core::Json& message) {
    // canonical() writes numbers that are not finite as null.
    core::write_all(channel, core::canonical(message) + "\n", "the answer of the worker");
}

// Sent with every progress as "memory": what this process holds now; 0 where the system does not tell.
std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t whole = 0;
    std::uint64_t resident = 0;
    return file >> whole >> resident ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

class ChannelContext : public JobContext {
  public:
    explicit ChannelContext(int channel) : channel_(channel) {}

    void progress(double done, double total, const std::string& note) override {
        using namespace std::chrono_literals;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < 50ms && done < total) return;
        last_ = now;
        send(channel_, {{"progress", {{"done", done}, {"total", total}, {"note", note}, {"memory", resident_bytes()}}}});
    }

  private:
    int channel_;
    std::chrono::steady_clock::time_point last_{};
};

core::Json answer(const Jobs& jobs, const std::string& name, ChannelContext& context) {
    try {
        const auto job = jobs.find(name);
        if (job == jobs.end()) throw core::usage_error("no worker job is named '" + name + "'");
        return {{"result", job->second(core::parse_json(read_all(STDIN_FILENO), "the request"), context)}};
    } catch (const core::Error& error) {
        return {{"error", error_to_json(error)}};
    } catch (const std::bad_alloc&) {
        return {{"error", error_to_json(core::io_error("out of memory in '" + name + "'", {},
                                                       "free some memory, or lower the context or the concurrency"))}};
    } catch (const std::exception& error) {
        return {{"error", error_to_json(core::worker_error("'" + name + "' failed: " + error.what()))}};
    }
}

}  // namespace

int serve_job(const Jobs& jobs, const std::string& name) {
    const core::FileDescriptor channel = claim_stdout();
    log_all_of_the_engine();
    ChannelContext context(channel.get());
    send(channel.get(), answer(jobs, name, context));
    return 0;
}

}  // namespace scale::engine

#include "rollout/arms/arm_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/progress.h"
#include "engine/thread_waits.h"

namespace scale::rollout {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto probe_interval = 250ms;
constexpr auto death_interval = 20ms;  // a dead server is seen before its refusals pile up as evidence
constexpr auto probe_limit = 2s;
constexpr auto resolve_interval = 10s;
constexpr auto longest_backoff = 30'000ms;
constexpr int failures_until_unreachable = 4;

void require_file(const std::filesystem::path& path, const std::string& what, const std::string& next) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure))
        throw core::input_error(fmt::format("{} {} is missing", what, path.string()), "a regular file", next);
}

}  // namespace

const char* to_string(ArmState state) {
    switch (state) {
        case ArmState::starting:
            return "starting";
        case ArmState::healthy:
            return "healthy";
        case ArmState::unreachable:
            return "unreachable";
        case ArmState::died:
            return "died";
        case ArmState::stopped:
            return "stopped";
    }
    return "stopped";
}

std::uint16_t free_port() {
    const core::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw core::system_error("cannot find a free port", errno);
    return ::ntohs(address.sin_port);
}

std::vector<std::string> server_arguments(const ArmOptions& options, std::uint16_t port) {
    std::vector<std::string> arguments = {
        options.program.string(), "-m", options.model.string(), "--host", "127.0.0.1", "--port", std::to_string(port),
        "-c", std::to_string(options.context * options.parallel), "-np", std::to_string(options.parallel), "--alias",
        options.alias, "--no-webui", "--no-slots",
        // Sizes are stated above; the engine must not change them by itself.
        "-fit", "off"};
    if (options.kv_type != "f16")
        arguments.insert(arguments.end(), {"-ctk", options.kv_type, "-ctv", options.kv_type, "-fa", "on"});
    if (options.threads > 0) arguments.insert(arguments.end(), {"-t", std::to_string(options.threads)});
    return arguments;
}

std::vector<std::pair<std::string, std::string>> server_environment(const ArmOptions& options) {
    return engine::thread_environment(options.beside_another ? engine::ThreadWaits::brief
                                                             : engine::ThreadWaits::as_deployed);
}

ArmServer::ArmServer(ArmOptions options) : options_(std::move(options)) {
    const std::string name = to_string(options_.arm);
    if (!options_.url.empty()) {
        address_ = parse_url(options_.url, name + "_url in [rollout]");
        if (address_.secure)
            tls_.emplace(std::vector{options_.authorities, options_.own.certificate, options_.own.key},
                         fmt::format("what the {}'s server is spoken to with", name), [this] {
                             return options_.verify ? http::TlsContext::for_client(options_.authorities, options_.own)
                                                    : http::TlsContext::for_client_unverified(options_.own);
                         });
    } else {
        require_file(options_.program, "the program", "run 'make build' to build the engine");
        require_file(options_.model, fmt::format("the {}'s weights", name), "scale verify");
        address_.host = "127.0.0.1";
    }
    resolve();
    watcher_ = std::thread([this] { options_.url.empty() ? watch() : watch_address(); });
}

ArmServer::~ArmServer() {
    stop();
}

void ArmServer::request_stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

void ArmServer::stop() {
    request_stop();
    if (watcher_.joinable()) watcher_.join();
}

ArmStatus ArmServer::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void ArmServer::wait_healthy() {
    const std::string name = to_string(options_.arm);
    core::Progress progress("starting the " + name + "'s server");
    const auto start = Clock::now();
    for (;;) {
        const ArmStatus now = status();
        if (now.state == ArmState::healthy) return;
        const auto waited = Clock::now() - start;
        if (now.state == ArmState::died || now.state == ArmState::unreachable || waited > options_.start_limit)
            throw core::worker_error(
                fmt::format("the {}'s server is {}: {}", name, to_string(now.state),
                            now.problem.empty() ? "no answer to GET /health" : now.problem),
                "a server that answers GET /health with 200",
                options_.url.empty() ? fmt::format("read {}", options_.log.string()) : "start that server first");
        const double seconds = std::chrono::duration<double>(waited).count();
        progress.update(0, 1, fmt::format("{:.0f} s", seconds));
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 200ms);
    }
}

// Only the watcher thread touches process_: the kernel kills the child when the thread that started it ends.
void ArmServer::watch() {
    auto backoff = 1000ms;
    for (;;) {
        const auto started = Clock::now();
        if (!run_once()) return publish(ArmState::stopped);
        if (!options_.restart) return;
        if (Clock::now() - started > 60s) backoff = 1000ms;
        if (!pause(backoff)) return publish(ArmState::stopped);
        backoff = std::min(backoff * 2, std::chrono::milliseconds(longest_backoff));
        const std::lock_guard lock(mutex_);
        ++status_.restarts;
    }
}

bool ArmServer::start_process() {
    address_.port = free_port();
    resolve();
    try {
        std::filesystem::create_directories(options_.log.parent_path());
        core::ProcessOptions process;
        process.arguments = server_arguments(options_, address_.port);
        process.environment = server_environment(options_);
        process.stdout_file = options_.log;
        process.stderr_file = options_.log;
        process_.emplace(process);
    } catch (const core::Error& error) {
        publish(ArmState::died, error.found());
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        status_.pid = process_->pid();
    }
    publish(ArmState::starting);
    return true;
}

// From start to death; false where stop was asked for.
bool ArmServer::run_once() {
    if (!start_process()) return true;
    bool healthy = false;
    auto next_probe = Clock::now();
    for (;;) {
        if (const auto ended = process_->wait_for(0ms)) {
            process_.reset();
            publish(ArmState::died, last_words(core::exit_text(*ended)));
            return true;
        }
        if (Clock::now() >= next_probe) {
            // A busy server may be slow to answer a probe; its process lives, so it stays in use once it was healthy.
            const bool answered = probe(healthy ? 1000ms : 500ms);
            if (answered && !healthy) {
                healthy = true;
                publish(ArmState::healthy);
            }
            next_probe = Clock::now() + (healthy ? probe_interval : 100ms);
        }
        if (!pause(death_interval)) {
            process_->stop(5s);
            process_.reset();
            return false;
        }
    }
}

// Event loops must not wait for a resolver, so names are looked up here, again every few seconds; where that fails, the
// last addresses stand.
void ArmServer::resolve() {
    resolved_ = Clock::now();
    std::vector<http::SocketAddress> addresses;
    try {
        addresses = http::resolve(address_.host, address_.port);
    } catch (const core::Error&) {
        return;
    }
    const std::lock_guard lock(mutex_);
    const auto same = [](const auto& a, const auto& b) { return a.text() == b.text(); };
    auto& known = status_.upstream.addresses;
    if (std::equal(known.begin(), known.end(), addresses.begin(), addresses.end(), same)) return;
    known = std::move(addresses);
    version_.fetch_add(1, std::memory_order_release);
}

// Connections that are open keep what they were made with.
void ArmServer::look_after_certificates() {
    if (!tls_ || !tls_->look()) return;
    {
        const std::lock_guard lock(mutex_);
        status_.tls_problem = tls_->problem();
        if (status_.upstream.tls) status_.upstream.tls = tls_->current();
    }
    version_.fetch_add(1, std::memory_order_release);
}

void ArmServer::watch_address() {
    int failures = 0;
    do {
        if (Clock::now() - resolved_ >= resolve_interval) resolve();
        look_after_certificates();
        std::string problem;
        if (probe(probe_limit, &problem)) {
            failures = 0;
            if (status().state != ArmState::healthy) publish(ArmState::healthy);
        } else if (++failures >= failures_until_unreachable && status().state != ArmState::unreachable) {
            publish(ArmState::unreachable, fmt::format("no answer from {}: {}", options_.url, problem));
        }
    } while (pause(probe_interval));
    publish(ArmState::stopped);
}

// llama-server and vLLM answer /health at the root, below no prefix. A 404 shows a server without that page: alive.
bool ArmServer::probe(std::chrono::milliseconds limit, std::string* problem) const {
    HttpCall request;
    if (tls_) request.tls = tls_->current();
    request.path = "/health";
    request.limit = limit;
    Address root = address_;
    root.base_path.clear();
    const auto answer = call(root, request, problem);
    if (!answer) return false;
    if (problem != nullptr) *problem = fmt::format("GET /health gives {}", answer->status);
    return answer->status == 200 || (!options_.url.empty() && answer->status == 404);
}

bool ArmServer::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

std::string ArmServer::last_words(const std::string& how) const {
    std::string lines = core::tail_of_file(options_.log, 5);
    while (!lines.empty() && lines.back() == '\n') lines.pop_back();
    return lines.empty() ? how : how + "; its last lines:\n" + lines;
}

void ArmServer::publish(ArmState state, const std::string& problem) {
    {
        const std::lock_guard lock(mutex_);
        status_.state = state;
        status_.problem = problem;
        if (state == ArmState::died || state == ArmState::stopped) status_.pid = -1;
        status_.upstream.host = address_.host;
        status_.upstream.port = address_.port;
        status_.upstream.base_path = address_.base_path;
        if (tls_) status_.upstream.tls = tls_->current();
        status_.upstream.healthy = state == ArmState::healthy;
    }
    version_.fetch_add(1, std::memory_order_release);
    changed_.notify_all();
}

}  // namespace scale::rollout

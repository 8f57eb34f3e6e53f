// One arm: a llama-server that we start and look after, or a server at an address that we only watch.
//
// A thread of its own starts the process, waits until it is healthy, probes it, and says what happened; the gateway's
// loop reads snapshots. A restarting arm (the original) is started again after it died, after 1, 2, 4 … 30 seconds.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/process.h"
#include "rollout/arms/http_request.h"
#include "rollout/control/controller.h"
#include "rollout/http/reloaded_context.h"

namespace scale::rollout {

struct ArmOptions {
    Arm arm = Arm::original;
    std::string url;  // a server to watch; "" starts a llama-server, see below
    // For a url with https://: who may sign its certificate ("": the system's authorities), and whether that matters.
    std::filesystem::path authorities;
    bool verify = true;
    http::Credentials own;  // shown where the server asks for a certificate; "" shows none
    // For a llama-server.
    std::filesystem::path program;
    std::filesystem::path model;  // GGUF
    std::string alias;            // name that the server gives the model
    std::filesystem::path log;    // the server's output, appended
    int context = 2048;           // tokens per slot
    int parallel = 4;             // slots
    std::string kv_type = "f16";  // of keys and values in the cache
    int threads = 0;              // 0: all cores
    bool beside_another = false;  // the other arm's server runs on this machine's cores too
    bool restart = false;
    std::chrono::milliseconds start_limit{600'000};  // until healthy
};

enum class ArmState {
    starting,
    healthy,
    unreachable,  // watched by address: the probes fail
    died,         // the process ended; see ArmStatus::problem
    stopped,
};
const char* to_string(ArmState state);

struct ArmStatus {
    ArmState state = ArmState::starting;
    Upstream upstream;
    pid_t pid = -1;
    int restarts = 0;
    std::string problem;      // how it ended, with its last log lines; or why it cannot be reached
    std::string tls_problem;  // why changed certificate files are not in use; "" where they are
};

// What the controller sees of an arm.
class ArmView {
  public:
    virtual ~ArmView() = default;
    virtual ArmStatus status() const = 0;
    virtual std::uint64_t version() const = 0;  // changes whenever status() does; cheap
    virtual void request_stop() = 0;            // ends the process soon; does not wait
};

class ArmServer : public ArmView {
  public:
    // Throws an input or io error for what can be seen at once: a bad address, a missing program or model.
    explicit ArmServer(ArmOptions options);
    ~ArmServer() override;  // stops the process
    ArmServer(const ArmServer&) = delete;
    ArmServer& operator=(const ArmServer&) = delete;

    ArmStatus status() const override;
    std::uint64_t version() const override { return version_.load(std::memory_order_acquire); }

    // Blocks until the arm is healthy; draws progress. Throws a worker error with the last log lines where it dies or
    // takes too long.
    void wait_healthy();

    // SIGTERM, SIGKILL after 5 s; no restart.
    void request_stop() override;
    void stop();  // and waits for the end

  private:
    void watch();
    bool start_process();
    bool run_once();
    void watch_address();
    void resolve();
    void look_after_certificates();
    bool probe(std::chrono::milliseconds limit, std::string* problem = nullptr) const;
    bool pause(std::chrono::milliseconds time);  // false: stop was asked for
    std::string last_words(const std::string& how) const;
    void publish(ArmState state, const std::string& problem = {});

    ArmOptions options_;
    Address address_;
    std::optional<http::ReloadedContext> tls_;  // of a url with https://
    std::optional<core::Process> process_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    ArmStatus status_;
    bool stopping_ = false;
    std::atomic<std::uint64_t> version_{0};
    std::chrono::steady_clock::time_point resolved_{};
    std::thread watcher_;
};

// A free TCP port of the loopback address. Another program may take it before it is used.
std::uint16_t free_port();

// The command line of a llama-server for the arm.
std::vector<std::string> server_arguments(const ArmOptions& options, std::uint16_t port);

// What is added to the environment of a llama-server: beside another one its threads wait briefly
// (engine/thread_waits.h).
std::vector<std::pair<std::string, std::string>> server_environment(const ArmOptions& options);

}  // namespace scale::rollout

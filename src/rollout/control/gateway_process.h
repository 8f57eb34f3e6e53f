// The gateway as a process of the pass: who holds it, where it listens, and how a command talks to it.
//
//   .scale/rollout/gateway.lock   held (flock) by the one gateway of the pass while it lives
//   .scale/rollout/gateway.json   {pid, address, certificate, key, since} once it listens; left behind by a killed one
//   .scale/rollout/gateway.log    what it says
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/file.h"
#include "core/json.h"
#include "rollout/arms/http_request.h"
#include "rollout/control/controller.h"

namespace scale::rollout {

struct GatewayInfo {
    int pid = 0;
    std::string address;      // "127.0.0.1:8080"
    std::string certificate;  // the file that the gateway shows as its own; "" where it speaks plain HTTP
    std::string key;          // of that certificate, where clients must show one: ours is the gateway's; else ""
    std::string since;        // RFC 3339
};

class GatewayLock {
  public:
    // A refusal that names process, address and start where another gateway of the pass is alive.
    explicit GatewayLock(const std::filesystem::path& pass_folder);
    ~GatewayLock();  // removes gateway.json

    // To be called once the gateway listens. `certificate` and `key` as GatewayInfo has them.
    void announce(const std::string& address, const std::filesystem::path& certificate,
                  const std::filesystem::path& key);

  private:
    std::filesystem::path folder_;
    core::FileDescriptor lock_;
    int owner_ = 0;
};

// A gateway holds the lock.
bool gateway_alive(const std::filesystem::path& pass_folder);

// Of the gateway that is alive; empty where none is, or where it does not listen yet.
std::optional<GatewayInfo> running_gateway(const std::filesystem::path& pass_folder);

// Asks the running gateway; throws a worker error where it does not answer with JSON in time. Under TLS the gateway has
// to show the certificate of its own file, so that the token goes to nobody else.
struct GatewayAnswer {
    int status = 0;
    core::Json body;
};
GatewayAnswer ask_gateway(const std::filesystem::path& pass_folder, const GatewayInfo& gateway,
                          const std::string& method, const std::string& path, const core::Json& body = nullptr);

// POST /scale/v1/<action>.
GatewayAnswer ask_action(const std::filesystem::path& pass_folder, const GatewayInfo& gateway,
                         const std::string& action, const std::string& because);

// After "stop": waits until the gateway has let go of the pass, so that the next one can start; answers under way finish
// first, for GatewayOptions::drain_time at most. A worker error where the process is still there two minutes on.
void await_gateway_end(const std::filesystem::path& pass_folder, const GatewayInfo& gateway);

// Where the operator's browser finds the live page. The key stands behind '#', which a browser keeps to itself.
std::string live_page_url(const std::filesystem::path& pass_folder, const GatewayInfo& gateway);

// Starts `scale evaluate serve` as a daemon and waits until it listens. Throws a worker error with its last lines where
// it ends before.
GatewayInfo start_gateway_daemon(const std::filesystem::path& pass_folder, const std::vector<std::string>& arguments);

// Who asks, for the record: "user@host".
std::string person();

}  // namespace scale::rollout

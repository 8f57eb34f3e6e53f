#include "rollout/control/gateway_process.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/process.h"
#include "core/progress.h"
#include "rollout/assignment/secret.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

using namespace std::chrono_literals;

std::optional<GatewayInfo> read_info(const std::filesystem::path& pass_folder) {
    const auto file = rollout_folder(pass_folder) / "gateway.json";
    try {
        const core::Json json = core::parse_json(core::read_file(file, 1 << 16), file.string());
        return GatewayInfo{core::required<int>(json, "pid", file.string()),
                           core::required<std::string>(json, "address", file.string()), json.value("certificate", ""),
                           json.value("key", ""), core::required<std::string>(json, "since", file.string())};
    } catch (const core::Error&) {
        return std::nullopt;
    }
}

Address reachable_address(const GatewayInfo& gateway) {
    Address address = parse_listen(gateway.address, "the gateway's address");
    if (address.host == "0.0.0.0") address.host = "127.0.0.1";
    if (address.host == "::") address.host = "::1";
    return address;
}

core::FileDescriptor open_lock(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    const auto path = folder / "gateway.lock";
    core::FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw core::system_error("cannot open " + path.string(), errno);
    return lock;
}

}  // namespace

GatewayLock::GatewayLock(const std::filesystem::path& pass_folder)
    : folder_(rollout_folder(pass_folder)), lock_(open_lock(folder_)), owner_(::getpid()) {
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) {
        std::filesystem::remove(folder_ / "gateway.json");
        return;
    }
    if (errno != EWOULDBLOCK) throw core::system_error("cannot lock the gateway of this pass", errno);
    const auto info = read_info(pass_folder);
    throw core::refused(info ? fmt::format("the gateway of this pass runs already: process {} on {} since {}",
                                           info->pid, info->address, info->since)
                             : "the gateway of this pass is starting already",
                        "one gateway for a pass", "scale evaluate status");
}

GatewayLock::~GatewayLock() {
    if (owner_ != ::getpid()) return;
    std::error_code ignored;
    std::filesystem::remove(folder_ / "gateway.json", ignored);
}

void GatewayLock::announce(const std::string& address, const std::filesystem::path& certificate,
                           const std::filesystem::path& key) {
    core::write_file_atomic(folder_ / "gateway.json", core::canonical({{"pid", ::getpid()},
                                                                       {"address", address},
                                                                       {"certificate", certificate.string()},
                                                                       {"key", key.string()},
                                                                       {"since", core::to_rfc3339(core::now())}}) +
                                                          "\n");
}

bool gateway_alive(const std::filesystem::path& pass_folder) {
    if (!std::filesystem::exists(rollout_folder(pass_folder) / "gateway.lock")) return false;
    const auto lock = open_lock(rollout_folder(pass_folder));
    return ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0;
}

std::optional<GatewayInfo> running_gateway(const std::filesystem::path& pass_folder) {
    if (!gateway_alive(pass_folder)) return std::nullopt;
    return read_info(pass_folder);
}

GatewayAnswer ask_gateway(const std::filesystem::path& pass_folder, const GatewayInfo& gateway,
                          const std::string& method, const std::string& path, const core::Json& body) {
    HttpCall request;
    request.method = method;
    request.path = path;
    request.limit = 5s;
    request.headers = {{"Authorization", "Bearer " + load_or_make_secret(rollout_folder(pass_folder) / "token")}};
    if (!body.is_null()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = core::canonical(body);
    }
    const Address address = reachable_address(gateway);
    std::string problem;
    if (!gateway.certificate.empty()) request.tls = http::TlsContext::for_client_of(gateway.certificate, gateway.key);
    const auto answer = call(address, request, &problem);
    if (!answer)
        throw core::worker_error(fmt::format("the gateway (process {}) does not answer: {}", gateway.pid, problem));
    core::Json json;
    try {
        json = core::parse_json(answer->body, "the gateway's answer");
    } catch (const core::Error&) {
        throw core::worker_error(
            fmt::format("the gateway answered {} to {}: {}", answer->status, path, answer->body.substr(0, 200)));
    }
    return {answer->status, json};
}

GatewayAnswer ask_action(const std::filesystem::path& pass_folder, const GatewayInfo& gateway,
                         const std::string& action, const std::string& because) {
    return ask_gateway(pass_folder, gateway, "POST", "/scale/v1/" + action, {{"because", because}, {"who", person()}});
}

void await_gateway_end(const std::filesystem::path& pass_folder, const GatewayInfo& gateway) {
    core::Progress progress("waiting for the gateway's last answers");
    const auto began = std::chrono::steady_clock::now();
    while (gateway_alive(pass_folder)) {
        const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - began;
        if (waited > 2min)
            throw core::worker_error(
                fmt::format("the gateway (process {}) has been told to stop and is still there", gateway.pid), "",
                fmt::format("read {}", (rollout_folder(pass_folder) / "gateway.log").string()));
        progress.update(0, 1, fmt::format("{:.0f} s", waited.count()));
        std::this_thread::sleep_for(20ms);
    }
}

std::string live_page_url(const std::filesystem::path& pass_folder, const GatewayInfo& gateway) {
    const Address address = reachable_address(gateway);
    return fmt::format("{}://{}/scale/live#key={}", gateway.certificate.empty() ? "http" : "https",
                       authority_of(address.host, address.port),
                       load_or_make_secret(rollout_folder(pass_folder) / "token"));
}

GatewayInfo start_gateway_daemon(const std::filesystem::path& pass_folder, const std::vector<std::string>& arguments) {
    const auto log = rollout_folder(pass_folder) / "gateway.log";
    std::filesystem::create_directories(log.parent_path());
    core::write_file_atomic(log, "");
    core::ProcessOptions options;
    options.arguments = {core::own_program().string(), "evaluate", "serve", "--dir",
                         std::filesystem::absolute(pass_folder).string()};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.stdout_file = log;
    options.stderr_file = log;
    options.die_with_parent = false;
    options.new_session = true;
    core::Process daemon(options);
    const int pid = daemon.pid();
    core::Progress progress("starting the gateway and its servers");
    for (double waited = 0;; waited += 0.1) {
        if (const auto ended = daemon.wait_for(100ms)) {
            std::string lines = core::tail_of_file(log, 8);
            while (!lines.empty() && lines.back() == '\n') lines.pop_back();
            throw core::worker_error(
                fmt::format("the gateway ended ({}) before it was ready:\n{}", core::exit_text(*ended), lines), "",
                fmt::format("read {}", log.string()));
        }
        const auto info = read_info(pass_folder);
        if (info && info->pid == pid) {
            daemon.detach();
            return *info;
        }
        progress.update(0, 1, fmt::format("{:.0f} s", waited));
    }
}

std::string person() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    const passwd* user = ::getpwuid(::geteuid());
    return fmt::format("{}@{}", user ? user->pw_name : std::to_string(::geteuid()), host);
}

}  // namespace scale::rollout

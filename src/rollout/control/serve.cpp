#include "rollout/control/serve.h"

#include <atomic>
#include <cmath>
#include <csignal>
#include <memory>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/model.h"
#include "rollout/checkpoint/log_keeper.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/live_log_reading.h"
#include "rollout/control/prepare.h"
#include "rollout/control/rollout_controller.h"
#include "rollout/gateway/gateway.h"
#include "rollout/http/address.h"
#include "rollout/http/descriptor_limit.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

namespace {

std::atomic<Gateway*> running{nullptr};

void on_stop(int) {
    if (Gateway* gateway = running.load()) gateway->stop();
}
// The state file is read at every change of it anyway.
void on_reload(int) {
    if (Gateway* gateway = running.load()) gateway->reload();
}

// Signals reach the gateway while it exists.
class SignalScope {
  public:
    explicit SignalScope(Gateway& gateway) {
        running.store(&gateway);
        std::signal(SIGTERM, on_stop);
        std::signal(SIGINT, on_stop);
        std::signal(SIGHUP, on_reload);
    }
    ~SignalScope() {
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) std::signal(number, SIG_IGN);
        running.store(nullptr);
    }
};

ArmOptions arm_options(const record::Pass& pass, Arm arm, const std::string& alias, bool beside_another) {
    const auto& settings = pass.file().rollout;
    ArmOptions options;
    options.arm = arm;
    options.url = arm == Arm::original ? settings.original_url : settings.candidate_url;
    if (!settings.tls_ca.empty()) options.authorities = pass.resolve(settings.tls_ca);
    options.verify = settings.tls_verify;
    if (!settings.upstream_certificate.empty())
        options.own = {pass.resolve(settings.upstream_certificate), pass.resolve(settings.upstream_key)};
    options.alias = alias;
    options.program = engine::engine_programs() / "llama-server";
    options.log = rollout_folder(pass.folder()) / (std::string(to_string(arm)) + ".log");
    options.context = pass.file().deploy.context;
    options.parallel = settings.parallel;
    // As recorded, not as scale.toml may say by now: the gate judged the candidate with this cache.
    const auto entries = pass.store().read();
    if (const record::Entry* constraint = record::latest(entries, record::kind::constraint))
        options.kv_type = constraint->payload.get<record::Constraint>().workload.kv_type;
    options.threads = pass.file().deploy.threads;
    options.beside_another = beside_another && settings.original_url.empty() && settings.candidate_url.empty();
    options.restart = arm == Arm::original;
    if (options.url.empty()) options.model = arm == Arm::original ? original_weights(pass) : candidate_weights(pass);
    return options;
}

bool wants_candidate(const std::filesystem::path& pass_folder) {
    const auto state = StateFile(rollout_folder(pass_folder)).load().state;
    return state && state->effective_ppm() > 0;
}

// Where gateways share the evidence it comes from the database.
void rebuild_evidence_of(RolloutController& controller, const std::filesystem::path& log_folder) {
    const RebuiltEvidence& rebuilt = controller.rebuild(log_folder);
    for (const std::string& reason : rebuilt.passed_over) core::say("a checkpoint cannot be used: " + reason);
    if (rebuilt.checkpoint > 0)
        core::say(
            fmt::format("evidence rebuilt from the checkpoint at segment {} ({} records) and {} records behind it",
                        rebuilt.checkpoint, rebuilt.checkpoint_records, rebuilt.records));
    else if (rebuilt.records > 0)
        core::say(fmt::format("evidence rebuilt from {} records", rebuilt.records));
}

// Null where the state file does not say whose evidence it is.
std::unique_ptr<LogKeeper> keeper_of(const record::Pass& pass, const SegmentLog& log) {
    const StateFile file(rollout_folder(pass.folder()));
    const StateFile::Loaded loaded = file.load();
    if (!loaded.problem.empty()) return nullptr;
    const RolloutState state = loaded.state.value_or(RolloutState{});
    LogKeeperOptions options;
    options.log_folder = rollout_folder(pass.folder()) / "log";
    options.monitor = monitor_options(pass.file().rollout);
    options.experiment = state.experiment;
    options.started_ms = state.started_ms;
    options.keep_days = pass.file().rollout.keep_log_days;
    options.epoch = [file] { return file.load().state.value_or(RolloutState{}).epoch; };
    options.now_ms = [] { return static_cast<std::int64_t>(core::now().time_since_epoch().count()); };
    options.read_before_ms = [folder = pass.folder()] { return read_by_stage_a_ms(record::Store(folder).read()); };
    return std::make_unique<LogKeeper>(std::move(options), log);
}

Durability durability_of(const record::Pass& pass, const ServeOptions& options) {
    const std::string& name = options.durability.empty() ? pass.file().rollout.durability : options.durability;
    return name == "strict" ? Durability::strict : Durability::relaxed;
}

std::size_t workers_of(const record::Pass& pass, const ServeOptions& options) {
    return static_cast<std::size_t>(options.workers < 0 ? pass.file().rollout.workers : options.workers);
}

// A strict answer waits for its commit, so the next one starts as soon as the last has ended: what comes in meanwhile
// shares it. Of a relaxed log only acknowledgements of feedback wait, and every commit takes processor time from the
// requests: 50 a second are few enough not to be felt, and bound what a crash can take.
LogOptions log_options(const std::filesystem::path& folder, Durability durability) {
    LogOptions options;
    options.folder = folder;
    options.spacing = std::chrono::milliseconds{durability == Durability::strict ? 0 : 20};
    return options;
}

std::shared_ptr<const KeyRing> keys_of(const record::Pass& pass, const Address& listen) {
    const std::string& file = pass.file().rollout.api_keys;
    if (!file.empty()) return std::make_shared<const KeyRing>(pass.resolve(file));
    if (!pass.file().rollout.client_ca.empty()) return nullptr;  // who they are, their certificates say
    if (http::resolve(listen.host, listen.port).front().is_loopback()) return nullptr;
    throw core::refused(
        fmt::format("the gateway would listen on {} for everybody", authority_of(listen.host, listen.port)),
        "keys or certificates of clients, or an address of this machine alone",
        "name a file of keys as api_keys in [rollout] (openssl rand -hex 24 makes one), or authorities as client_ca");
}

// Null where this gateway decides alone. The log must not be written to yet.
std::unique_ptr<ReplicaLink> link_of(const record::Pass& pass, const std::filesystem::path& folder) {
    const auto join = join_request(pass.folder(), pass.file().rollout);
    const auto state = StateFile(folder).load().state;
    if (!join || !state) return nullptr;
    ReplicaOptions options;
    options.database = join->database;
    options.flag = join->flag;
    options.experiment = state->experiment;
    options.replica = join->replica;
    options.salt = join->salt;
    options.log_folder = folder / "log";
    options.log_start = log_start(options.log_folder);
    options.lease_time = std::chrono::milliseconds(std::llround(pass.file().rollout.lease_seconds * 1000));
    return std::make_unique<ReplicaLink>(options);
}

std::shared_ptr<ServerCertificate> certificate_of(const record::Pass& pass, const ServeOptions& options) {
    const auto& settings = pass.file().rollout;
    const auto chosen = [&](const std::string& option, const std::string& setting) {
        return option.empty() && !setting.empty() ? pass.resolve(setting) : std::filesystem::path(option);
    };
    const auto certificate = chosen(options.tls_certificate, settings.tls_certificate);
    const auto key = chosen(options.tls_key, settings.tls_key);
    const auto absolute = [](const std::filesystem::path& path) {
        return path.empty() ? path : std::filesystem::absolute(path);
    };
    const auto authorities = settings.client_ca.empty() ? std::filesystem::path() : pass.resolve(settings.client_ca);
    if (certificate.empty() && key.empty()) {
        if (authorities.empty()) return nullptr;
        throw core::refused("client_ca in [rollout] asks for clients' certificates, and the gateway speaks plain HTTP",
                            "a certificate of its own", "set tls_certificate and tls_key in [rollout]");
    }
    return std::make_shared<ServerCertificate>(absolute(certificate), absolute(key), absolute(authorities));
}

}  // namespace

void serve_rollout(const record::Pass& pass, const ServeOptions& options) {
    http::raise_descriptor_limit();
    GatewayLock lock(pass.folder());
    const auto folder = rollout_folder(pass.folder());
    const std::string listen = options.listen.empty() ? pass.file().rollout.listen : options.listen;
    const Address address = parse_listen(listen, "listen in [rollout]");
    const auto keys = keys_of(pass, address);  // before anything starts
    const auto certificate = certificate_of(pass, options);
    const std::string model = std::filesystem::path(pass.file().model.path).stem().string();

    const bool both = !options.original_only && wants_candidate(pass.folder());
    ArmServer original(arm_options(pass, Arm::original, model, both));
    std::optional<ArmServer> candidate;
    if (both) candidate.emplace(arm_options(pass, Arm::candidate, model, both));

    const Durability durability = durability_of(pass, options);
    SegmentLog log(log_options(folder / "log", durability));
    ControllerOptions controller_options;
    controller_options.pass_folder = pass.folder();
    controller_options.settings = pass.file().rollout;
    controller_options.served_model = model;
    const auto link = candidate ? link_of(pass, folder) : nullptr;
    controller_options.link = link.get();
    std::unique_ptr<LogKeeper> keeper;
    controller_options.log_status = [&keeper] { return keeper ? keeper->status() : core::Json(); };
    RolloutController controller(controller_options, original, candidate ? &*candidate : nullptr);
    if (!link) rebuild_evidence_of(controller, folder / "log");
    keeper = keeper_of(pass, log);

    GatewayOptions gateway_options;
    gateway_options.address = address.host;
    gateway_options.port = address.port;
    gateway_options.durability = durability;
    gateway_options.workers = workers_of(pass, options);
    gateway_options.keys = keys;
    gateway_options.live_hosts = pass.file().rollout.live_hosts;
    gateway_options.certificate = certificate;
    gateway_options.shadows = static_cast<std::size_t>(pass.file().rollout.shadow_open);
    Gateway gateway(gateway_options, controller, log);  // before the servers are waited for: a taken port shows at once
    const SignalScope signals(gateway);
    original.wait_healthy();
    try {
        if (candidate) candidate->wait_healthy();
    } catch (const core::Error& error) {
        if (!options.resumed) throw;
        core::say(error.found());  // the controller sees it at its first tick and rolls back
    }
    controller.tick();
    lock.announce(authority_of(address.host, gateway.port()), certificate ? certificate->file() : "",
                  certificate && certificate->asks_clients() ? certificate->key() : "");
    core::say(
        fmt::format("serving {} on {}", certificate ? "https" : "http", authority_of(address.host, gateway.port())));
    gateway.run();
    core::say("stopped: no open streams");
}

}  // namespace scale::rollout

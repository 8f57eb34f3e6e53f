#include "rollout/state/rollout_state.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "rollout/assignment/assigner.h"

namespace scale::rollout {

namespace {

constexpr std::array names{"draft", "canary", "paused", "promoted", "rolled_back", "stopped"};
constexpr std::uint64_t size_limit = 1 << 20;

}  // namespace

const char* to_string(RolloutStatus status) {
    return names[static_cast<std::size_t>(status)];
}

std::optional<RolloutStatus> rollout_status(const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<RolloutStatus>(found - names.begin());
}

bool RolloutState::is_latched(const std::string& candidate) const {
    return std::find(latched.begin(), latched.end(), candidate) != latched.end();
}

std::int64_t RolloutState::effective_ppm() const {
    if (is_latched(candidate_sha256)) return 0;
    if (status == RolloutStatus::promoted) return whole_ppm;
    return experimenting() ? std::clamp<std::int64_t>(weight_ppm, 0, whole_ppm) : 0;
}

core::Json to_json(const RolloutState& state) {
    return {{"epoch", state.epoch},
            {"experiment", state.experiment},
            {"status", to_string(state.status)},
            {"step", state.step},
            {"weight_ppm", state.weight_ppm},
            {"original_sha256", state.original_sha256},
            {"candidate_sha256", state.candidate_sha256},
            {"original_url", state.original_url},
            {"candidate_url", state.candidate_url},
            {"started_hash", state.started_hash},
            {"reason", state.reason},
            {"changed_by", state.changed_by},
            {"harm", state.harm},
            {"started_ms", state.started_ms},
            {"step_started_ms", state.step_started_ms},
            {"latched", state.latched}};
}

RolloutState rollout_state_from_json(const core::Json& json, const std::string& source) {
    RolloutState state;
    const auto status = rollout_status(core::required<std::string>(json, "status", source));
    if (!status) throw core::input_error(source + ": unknown status " + json["status"].dump());
    state.status = *status;
    state.epoch = core::required<std::uint64_t>(json, "epoch", source);
    state.experiment = core::required<std::string>(json, "experiment", source);
    state.step = core::required<int>(json, "step", source);
    state.weight_ppm = core::required<std::int64_t>(json, "weight_ppm", source);
    state.original_sha256 = core::required<std::string>(json, "original_sha256", source);
    state.candidate_sha256 = core::required<std::string>(json, "candidate_sha256", source);
    state.original_url = core::required<std::string>(json, "original_url", source);
    state.candidate_url = core::required<std::string>(json, "candidate_url", source);
    state.started_hash = core::required<std::string>(json, "started_hash", source);
    state.reason = core::required<std::string>(json, "reason", source);
    state.changed_by = core::required<std::string>(json, "changed_by", source);
    state.harm = core::required<bool>(json, "harm", source);
    state.started_ms = core::required<std::int64_t>(json, "started_ms", source);
    state.step_started_ms = core::required<std::int64_t>(json, "step_started_ms", source);
    state.latched = core::required<std::vector<std::string>>(json, "latched", source);
    return state;
}

StateFile::StateFile(std::filesystem::path rollout_folder)
    : path_(rollout_folder / "state.json"), lock_path_(rollout_folder / "state.lock") {}

StateFile::Loaded StateFile::load() const {
    std::error_code failure;
    if (!std::filesystem::exists(path_, failure)) return {};
    try {
        const core::Json whole = core::parse_json(core::read_file(path_, size_limit), path_.string());
        const auto state = core::required<core::Json>(whole, "state", path_.string());
        // The digest tells a file that someone else cut or edited from one that we wrote.
        if (core::required<std::string>(whole, "sha256", path_.string()) != core::sha256_hex(core::canonical(state)))
            return {std::nullopt, path_.string() + " does not match its own SHA-256"};
        return {rollout_state_from_json(state, path_.string()), {}};
    } catch (const core::Error& error) {
        return {std::nullopt, error.found()};
    }
}

core::FileDescriptor StateFile::lock() const {
    std::filesystem::create_directories(path_.parent_path());
    core::FileDescriptor lock(::open(lock_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) throw core::system_error("cannot open " + lock_path_.string(), errno);
    while (::flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw core::system_error("cannot lock " + lock_path_.string(), errno);
    return lock;
}

void StateFile::replace(const RolloutState& state) {
    const core::FileDescriptor held = lock();
    write(state);
}

RolloutState StateFile::update(const std::function<bool(RolloutState&)>& change) {
    const core::FileDescriptor held = lock();
    RolloutState state = load().state.value_or(RolloutState{});
    RolloutState changed = state;
    if (!change(changed)) return state;
    changed.epoch = std::max(state.epoch, changed.epoch) + 1;
    write(changed);
    return changed;
}

void StateFile::write(const RolloutState& state) const {
    const core::Json content = to_json(state);
    const std::string bytes =
        core::canonical({{"state", content}, {"sha256", core::sha256_hex(core::canonical(content))}}) + "\n";
    // One writer at a time, by the lock.
    durable_replace(path_, path_.parent_path() / "state.json.new", bytes, before_step);
}

std::uint64_t StateFile::version() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return 0;
    std::uint64_t version = static_cast<std::uint64_t>(status.st_ino);
    version = version * 1'000'003 + static_cast<std::uint64_t>(status.st_mtim.tv_sec);
    version = version * 1'000'003 + static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    version = version * 1'000'003 + static_cast<std::uint64_t>(status.st_size);
    return version | 1;
}

}  // namespace scale::rollout

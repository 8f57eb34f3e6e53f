// The state of a rollout: one small file, .scale/rollout/state.json, that says what is to be served.
//
// Every change is a new epoch with the whole state in it. The file is replaced atomically and durably, so a reader sees
// the old epoch or the new one, whenever a writer is killed. A missing or damaged file means: all traffic to the
// original. Gateway and commands change it under a lock (state.lock), so epochs never repeat.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "rollout/state/durable_replace.h"

namespace scale::rollout {

enum class RolloutStatus { draft, canary, paused, promoted, rolled_back, stopped };
const char* to_string(RolloutStatus status);
std::optional<RolloutStatus> rollout_status(const std::string& name);

struct RolloutState {
    std::uint64_t epoch = 0;
    std::string experiment;  // names the assignment and the evidence; new with every start from the beginning
    RolloutStatus status = RolloutStatus::draft;
    int step = 0;                 // index into the steps of scale.toml
    std::int64_t weight_ppm = 0;  // the candidate's share
    std::string original_sha256;
    std::string candidate_sha256;
    std::string original_url;  // "" where the gateway starts the server itself
    std::string candidate_url;
    std::string started_hash;          // the record's entry rollout_started
    std::string reason;                // of the last change
    std::string changed_by;            // "gateway" or a person's command
    bool harm = false;                 // rolled back because harm was found
    std::int64_t started_ms = 0;       // wall clock, milliseconds since 1970
    std::int64_t step_started_ms = 0;  // wall clock, milliseconds since 1970
    std::vector<std::string> latched;  // candidates that were rolled back; only a reset with a reason clears one

    bool is_latched(const std::string& candidate) const;
    // The share that assignment uses: the weight while a slice is open, everything once promoted, otherwise nothing.
    std::int64_t effective_ppm() const;
    // Requests enter the evidence.
    bool experimenting() const { return status == RolloutStatus::canary || status == RolloutStatus::paused; }
};

core::Json to_json(const RolloutState& state);
RolloutState rollout_state_from_json(const core::Json& json, const std::string& source);

class StateFile {
  public:
    explicit StateFile(std::filesystem::path rollout_folder);

    struct Loaded {
        std::optional<RolloutState> state;  // empty: serve the original
        std::string problem;                // why, where the file is there and cannot be used
    };
    Loaded load() const;

    // Under the lock: reads the newest state (a default one where there is none), lets `change` edit it, and writes it
    // as the next epoch. `change` returns false to leave things as they are. Returns the state that now stands.
    RolloutState update(const std::function<bool(RolloutState&)>& change);

    // Under the lock: writes the state as it is, epoch included.
    void replace(const RolloutState& state);

    // Differs whenever the file was replaced; 0 where it is missing.
    std::uint64_t version() const;

    const std::filesystem::path& path() const { return path_; }

    // Called with the name of each step of a write; tests kill the process there.
    StepHook before_step;

  private:
    core::FileDescriptor lock() const;
    void write(const RolloutState& state) const;

    std::filesystem::path path_;
    std::filesystem::path lock_path_;
};

}  // namespace scale::rollout

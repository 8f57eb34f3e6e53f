#include "choice/trial.h"

#include <algorithm>

#include <fmt/format.h>

#include "choice/pairing.h"
#include "choice/trial_jobs.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/model.h"

namespace scale::choice {

namespace {

namespace fs = std::filesystem;
using record::Candidate;

constexpr double usable_memory = 0.7;  // share of the available memory that a trial may take

fs::path trial_folder(const fs::path& work_folder) {
    return work_folder / "trial";
}

class Trial {
  public:
    Trial(const TrialRequest& request, const record::Constraint& constraint, record::Decision& decision)
        : request_(request),
          constraint_(constraint),
          decision_(decision),
          reduced_(request.original_bytes > whole_model_limit && request.layers > trial_layers) {}

    void run() {
        for (std::size_t i = 0; i < decision_.candidates.size(); ++i)
            if (decision_.candidates[i].eligible) tried_.push_back(i);
        if (tried_.empty()) return;
        decision_.trial = description();
        fs::create_directories(trial_folder(request_.work_folder));
        require_space();
        const fs::path original = original_for_trial();
        write_all_stand_ins();
        for (const auto& group : groups()) measure_group(original, group);
    }

  private:
    std::string description() const {
        return fmt::format(
            "{}, {} interleaved round{}, {} thread{}, stand-ins rounded without statistics",
            reduced_ ? fmt::format("first {} of {} layers with embedding and head", trial_layers, request_.layers)
                     : std::string("whole model"),
            request_.rounds, request_.rounds == 1 ? "" : "s", request_.threads, request_.threads == 1 ? "" : "s");
    }

    // Upper bounds: a reduced stand-in is smaller than the whole.
    void require_space() const {
        std::uint64_t bytes = reduced_ && !fs::exists(stand_in(request_.original_mix)) ? request_.original_bytes : 0;
        for (const std::size_t index : tried_)
            if (!fs::exists(stand_in(decision_.candidates[index].name))) bytes += decision_.candidates[index].bytes;
        core::require_free_space(trial_folder(request_.work_folder), bytes, "the stand-ins of the kernel trial");
    }

    // Named by everything that its bytes depend on.
    fs::path stand_in(const std::string& mix) const {
        return trial_folder(request_.work_folder) /
               fmt::format("{}-{}-{}{}.gguf", request_.original_sha256.substr(0, 12), engine_key(), mix,
                           reduced_ ? fmt::format("-{}-layers", trial_layers) : "");
    }

    static std::string engine_key() { return core::sha256_hex(engine::engine_version()).substr(0, 8); }

    fs::path write(const std::string& mix) const {
        const fs::path target = stand_in(mix);
        if (fs::exists(target)) return target;
        core::say_detail(fmt::format("writing a stand-in for {}", mix));
        write_stand_in(
            {request_.original.string(), target.string(), mix, request_.threads, reduced_ ? trial_layers : 0},
            request_.work_folder / "choice.stand_in.log", nullptr);
        return target;
    }

    fs::path original_for_trial() const { return reduced_ ? write(request_.original_mix) : request_.original; }

    void write_all_stand_ins() const {
        core::Progress progress("writing stand-ins");
        for (std::size_t i = 0; i < tried_.size(); ++i) {
            const std::string& name = decision_.candidates[tried_[i]].name;
            progress.update(static_cast<double>(i), static_cast<double>(tried_.size()), name);
            write(name);
        }
        progress.update(1, 1);
    }

    std::vector<std::vector<std::size_t>> groups() const {
        std::vector<std::uint64_t> memory;
        for (const std::size_t index : tried_) memory.push_back(decision_.candidates[index].memory.total());
        const auto limit = static_cast<std::uint64_t>(static_cast<double>(request_.available_memory) * usable_memory);
        return group_by_memory(memory, constraint_.memory.total(), limit);
    }

    void measure_group(const fs::path& original, const std::vector<std::size_t>& group) {
        TrialGroup trial;
        trial.models.push_back(original.string());
        for (const std::size_t member : group)
            trial.models.push_back(stand_in(decision_.candidates[tried_[member]].name).string());
        trial.workload = constraint_.workload;
        trial.threads = request_.threads;
        trial.rounds = request_.rounds;
        core::Progress progress("kernel trial");
        const auto results = run_trial(trial, request_.work_folder / "choice.trial.log", &progress);
        if (decision_.original_speed.rate.rounds == 0)
            decision_.original_speed = reduced_ ? constraint_.speed : results.front().speed;
        for (std::size_t i = 0; i < group.size(); ++i)
            take_result(decision_.candidates[tried_[group[i]]], results[i + 1]);
    }

    void take_result(Candidate& candidate, const TrialResult& result) const {
        candidate.trialled = true;
        candidate.speed = result.speed;
        candidate.speedup = result.speedup;
        candidate.speed_source = fmt::format("measured ({})", decision_.trial);
        if (!reduced_) return;
        // The layers' own rates say nothing about the whole model; their ratio to the original's does.
        const double rate = constraint_.speed.rate.median;
        candidate.speed.rate = {rate * result.speedup.median, rate * result.speedup.low, rate * result.speedup.high,
                                result.speedup.rounds};
        candidate.speed.requests_per_minute = candidate.speed.rate.median;
        candidate.speed.seconds_per_request = 60 / std::max(candidate.speed.rate.median, 1e-9);
        candidate.speed_source = fmt::format(
            "estimated (speedup measured on {}, times the whole original's rate of stage S)", decision_.trial);
    }

    const TrialRequest& request_;
    const record::Constraint& constraint_;
    record::Decision& decision_;
    bool reduced_;
    std::vector<std::size_t> tried_;  // indices of candidates
};

}  // namespace

void try_candidates(const TrialRequest& request, const record::Constraint& constraint, record::Decision& decision) {
    Trial(request, constraint, decision).run();
}

void remove_stand_ins(const fs::path& work_folder) {
    std::error_code ignored;  // a leftover costs disk space only
    fs::remove_all(trial_folder(work_folder), ignored);
}

}  // namespace scale::choice

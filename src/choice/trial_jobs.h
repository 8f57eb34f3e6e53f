// The engine work of stage C, run in worker processes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "engine/job.h"
#include "record/payload.h"

namespace scale::choice {

inline constexpr const char* plan_job_name = "choice.plan";
inline constexpr const char* plan_tensors_job_name = "choice.plan_tensors";
inline constexpr const char* stand_in_job_name = "choice.stand_in";
inline constexpr const char* trial_job_name = "choice.trial";

// What the stock quantiser would write for a mix.
struct PlannedSize {
    std::string mix;
    std::uint64_t tensor_bytes = 0;
    std::uint64_t embedding_bytes = 0;  // of these; the engine holds them twice where the head is tied
    std::uint64_t file_bytes = 0;
    double bits_per_weight = 0;
    int fallback_tensors = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PlannedSize, mix, tensor_bytes, embedding_bytes, file_bytes, bits_per_weight,
                                   fallback_tensors)

// One tensor of it.
struct PlannedTensor {
    std::string name;
    std::string type;
    std::uint64_t bytes = 0;
    bool fallback = false;  // the mix's own type does not fit its rows
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PlannedTensor, name, type, bytes, fallback)

struct StandIn {
    std::string original;
    std::string target;  // written whole or not at all
    std::string mix;
    int threads = 1;
    int keep_layers = 0;  // 0: all
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StandIn, original, target, mix, threads, keep_layers)

// The first model is the original; the others are compared with it.
struct TrialGroup {
    std::vector<std::string> models;
    record::Workload workload;
    int threads = 1;
    int rounds = 3;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrialGroup, models, workload, threads, rounds)

struct TrialResult {
    record::Speed speed;
    record::Measured speedup;  // original's seconds per request over this model's, paired by round
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrialResult, speed, speedup)

// Parent side.
std::vector<PlannedSize> plan_sizes(const std::filesystem::path& original, const std::vector<std::string>& mixes,
                                    const std::filesystem::path& log);
std::vector<PlannedTensor> plan_tensors(const std::filesystem::path& original, const std::string& mix,
                                        const std::filesystem::path& log);
void write_stand_in(const StandIn& request, const std::filesystem::path& log, core::Progress* progress);
std::vector<TrialResult> run_trial(const TrialGroup& group, const std::filesystem::path& log, core::Progress* progress);

// Worker side.
core::Json plan_job(const core::Json& request, engine::JobContext& context);
core::Json plan_tensors_job(const core::Json& request, engine::JobContext& context);
core::Json stand_in_job(const core::Json& request, engine::JobContext& context);
core::Json trial_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::choice

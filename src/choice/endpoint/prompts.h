// Texts of the workload's length for the requests of a trial at servers: a worker job, since the original's own
// tokenizer counts them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "engine/job.h"

namespace scale::choice {

inline constexpr const char* prompts_job_name = "choice.prompts";

struct Prompt {
    std::string text;
    int tokens = 0;  // with the token that the model begins with
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Prompt, text, tokens)

struct PromptsWanted {
    std::string original;  // GGUF; its vocabulary alone is read
    int count = 1;
    int tokens = 1;          // of each: never more, and fewer by less than one common word
    std::uint64_t seed = 1;  // other texts for another one
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PromptsWanted, original, count, tokens, seed)

// Words in random order, so that no two texts share a beginning that a server could have kept.
std::vector<Prompt> make_prompts(const PromptsWanted& wanted, const std::filesystem::path& log);

// Worker side.
core::Json prompts_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::choice

#include "choice/candidates.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace scale::choice {

// Layouts: ggml's types and the stock mixes of llama-quant.cpp at the pinned version. GPU entries: the kernel lists of
// vLLM (model_executor/kernels/linear) and the checkpoint layouts of GPTQModel, AutoAWQ and compressed-tensors. Their
// bits count the linear layers only: embedding and head stay at 16 bits.
const std::vector<CandidateType>& candidate_types() {
    static const std::vector<CandidateType> types{
        {"F16", "llama.cpp", 16, Family::reference, ""},
        {"Q8_0", "llama.cpp", 8, Family::legacy, ""},
        {"Q6_K", "llama.cpp", 6, Family::superblock, ""},
        {"Q5_K_M", "llama.cpp", 5, Family::superblock, ""},
        {"Q4_K_M", "llama.cpp", 4, Family::superblock, ""},
        {"Q4_0", "llama.cpp", 4, Family::legacy, ""},
        {"IQ4_NL", "llama.cpp", 4, Family::codebook, ""},
        {"IQ4_XS", "llama.cpp", 4, Family::codebook, ""},
        {"Q3_K_M", "llama.cpp", 3, Family::superblock, ""},
        {"IQ3_M", "llama.cpp", 3, Family::codebook, ""},
        {"IQ3_XXS", "llama.cpp", 3, Family::codebook, ""},
        {"Q2_K", "llama.cpp", 2, Family::superblock, ""},
        {"IQ2_XS", "llama.cpp", 2, Family::codebook, ""},
        {"W8A8-INT8", "vllm", 8, Family::gpu,
         "documented (vLLM kernels): CUTLASS INT8 from Turing to Hopper, oneDNN on x86 and ARM; fails on Blackwell at "
         "vLLM 0.28 (issue 54311)",
         "w8a8", 8.01},
        {"FP8", "vllm", 8, Family::gpu,
         "documented (vLLM kernels): native from Ada and Hopper on and on AMD MI300; 16-bit activations by Marlin on "
         "older GPUs",
         "", 8.01},
        {"GPTQ-4bit-g128", "vllm", 4, Family::gpu,
         "documented (vLLM kernels): 4.16 bits in the linear layers; Marlin from Turing on, Machete on Hopper; at or "
         "below BF16 speed once compute-bound (issue 21266)",
         "gptq", 4 + 20.0 / 128},
        {"W4A16-g128", "vllm", 4, Family::gpu,
         "documented (vLLM kernels): compressed-tensors, 4.13 bits in the linear layers; the kernels of GPTQ; at or "
         "below "
         "BF16 speed once compute-bound (issue 21266)",
         "w4a16", 4 + 16.0 / 128},
        {"AWQ-4bit-g128", "vllm", 4, Family::gpu,
         "documented (vLLM kernels): 4.16 bits in the linear layers; Marlin from Turing on; about half of FP16 at "
         "batch 256 with AutoAWQ's own kernel (AutoAWQ issue 106)",
         "awq", 4 + 20.0 / 128},
    };
    return types;
}

record::Candidate unsized_candidate(const CandidateType& type) {
    record::Candidate candidate;
    candidate.name = type.name;
    candidate.target = type.target;
    candidate.nominal_bits = type.nominal_bits;
    candidate.speed_source = type.documented;
    return candidate;
}

const CandidateType& candidate_type(std::string_view name) {
    const auto& types = candidate_types();
    const std::string wanted = core::to_lower(name);
    const auto found = std::find_if(types.begin(), types.end(),
                                    [&](const CandidateType& type) { return core::to_lower(type.name) == wanted; });
    if (found != types.end()) return *found;
    std::vector<std::string> names;
    for (const CandidateType& type : types) names.emplace_back(type.name);
    const std::string near = core::nearest(name, names);
    throw core::input_error(fmt::format("no candidate is named '{}'", name),
                            fmt::format("one of {}", fmt::join(names, ", ")),
                            near.empty() ? "name one of them" : fmt::format("did you mean '{}'?", near));
}

}  // namespace scale::choice

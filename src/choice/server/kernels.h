// Which checkpoint formats vLLM has kernels for, by GPU generation and CPU instruction set: documented, not measured.
//
// Source: vLLM's kernel lists (model_executor/kernels/linear, read at 0.26) and the issues that the sentences name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scale::choice {

enum class Kernel {
    none,  // does not load, or fails at the first request
    slow,  // runs, with a known slowdown
    runs,
};

struct KernelFact {
    Kernel kernel = Kernel::none;
    std::string_view text;  // "Marlin", or why not, with its source
};

// Generations and instruction sets, as [deploy] hardware in scale.toml names them (record::vllm_hardware()).
bool is_cpu(std::string_view hardware);

// `candidate` is a name of candidates.h. Nothing known of a name: none.
KernelFact kernel_fact(std::string_view candidate, std::string_view hardware);

// Sequences decoded together from which on reading 4-bit weights is no longer the bottleneck, so that 16-bit products
// gain nothing from them: 2 operations a weight and sequence against half a byte, at the ratio of peak 16-bit
// operations to memory bytes of the generation's largest part (A100 156, H100 295: data sheets). Estimated.
int compute_bound_from(std::string_view hardware);

}  // namespace scale::choice

#include "choice/server/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace scale::choice {

namespace {

struct Row {
    std::string_view candidate, hardware;
    KernelFact fact;
};

constexpr std::string_view marlin = "Marlin kernels";
constexpr std::string_view no_4_bit_on_x86 =
    "its 4-bit CPU kernel needs AVX-512 and fails at the first request without (vLLM issue 55613)";
constexpr std::string_view no_4_bit_on_arm = "no 4-bit kernel for this layout on ARM";

constexpr std::array rows{
    Row{"GPTQ-4bit-g128", "turing", {Kernel::runs, marlin}},
    Row{"GPTQ-4bit-g128", "ampere", {Kernel::runs, marlin}},
    Row{"GPTQ-4bit-g128", "ada", {Kernel::runs, marlin}},
    Row{"GPTQ-4bit-g128", "hopper", {Kernel::runs, "Machete kernels"}},
    Row{"GPTQ-4bit-g128", "blackwell", {Kernel::runs, marlin}},
    Row{"GPTQ-4bit-g128", "amd", {Kernel::runs, "Exllama and Triton kernels"}},
    Row{"GPTQ-4bit-g128", "x86-avx512", {Kernel::runs, "the CPU's W4A16 kernel"}},
    Row{"GPTQ-4bit-g128", "x86", {Kernel::none, no_4_bit_on_x86}},
    Row{"GPTQ-4bit-g128", "arm", {Kernel::none, no_4_bit_on_arm}},
    Row{"W4A16-g128", "turing", {Kernel::runs, marlin}},
    Row{"W4A16-g128", "ampere", {Kernel::runs, marlin}},
    Row{"W4A16-g128", "ada", {Kernel::runs, marlin}},
    Row{"W4A16-g128", "hopper", {Kernel::runs, "Machete kernels"}},
    Row{"W4A16-g128", "blackwell", {Kernel::runs, marlin}},
    Row{"W4A16-g128", "amd", {Kernel::runs, "Triton and Exllama kernels"}},
    Row{"W4A16-g128", "x86-avx512", {Kernel::runs, "the CPU's W4A16 kernel"}},
    Row{"W4A16-g128", "x86", {Kernel::none, no_4_bit_on_x86}},
    Row{"W4A16-g128", "arm", {Kernel::none, no_4_bit_on_arm}},
    Row{"AWQ-4bit-g128", "turing", {Kernel::runs, marlin}},
    Row{"AWQ-4bit-g128", "ampere", {Kernel::runs, marlin}},
    Row{"AWQ-4bit-g128", "ada", {Kernel::runs, marlin}},
    Row{"AWQ-4bit-g128", "hopper", {Kernel::runs, "Machete and Marlin kernels"}},
    Row{"AWQ-4bit-g128", "blackwell", {Kernel::runs, marlin}},
    Row{"AWQ-4bit-g128", "amd", {Kernel::slow, "a Triton kernel, which vLLM's own table does not promise"}},
    Row{"AWQ-4bit-g128", "x86-avx512", {Kernel::runs, "the CPU's W4A16 kernel"}},
    Row{"AWQ-4bit-g128", "x86", {Kernel::none, no_4_bit_on_x86}},
    Row{"AWQ-4bit-g128", "arm", {Kernel::none, no_4_bit_on_arm}},
    Row{"W8A8-INT8", "turing", {Kernel::runs, "CUTLASS INT8 kernels"}},
    Row{"W8A8-INT8", "ampere", {Kernel::runs, "CUTLASS INT8 kernels"}},
    Row{"W8A8-INT8", "ada", {Kernel::slow, "CUTLASS INT8 kernels, slow from 17 sequences on (vLLM issue 56924)"}},
    Row{"W8A8-INT8", "hopper", {Kernel::runs, "CUTLASS INT8 kernels"}},
    Row{"W8A8-INT8",
        "blackwell",
        {Kernel::none,
         "its CUTLASS INT8 kernel claims this GPU and fails (vLLM issue 54311); FP8 is the 8-bit format here"}},
    Row{"W8A8-INT8", "amd", {Kernel::runs, "Triton and AITER INT8 kernels"}},
    Row{"W8A8-INT8", "x86-avx512", {Kernel::runs, "oneDNN INT8 kernels"}},
    Row{"W8A8-INT8", "x86", {Kernel::runs, "oneDNN INT8 kernels"}},
    Row{"W8A8-INT8", "arm", {Kernel::runs, "oneDNN INT8 kernels"}},
};

}  // namespace

bool is_cpu(std::string_view hardware) {
    return hardware == "x86" || hardware == "x86-avx512" || hardware == "arm";
}

KernelFact kernel_fact(std::string_view candidate, std::string_view hardware) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
        return row.candidate == candidate && row.hardware == hardware;
    });
    return found == rows.end() ? KernelFact{} : found->fact;
}

int compute_bound_from(std::string_view hardware) {
    constexpr double bytes_a_weight = 0.5, operations = 2;
    const double ratio = hardware == "hopper" || hardware == "blackwell" ? 295 : 156;
    return static_cast<int>(std::ceil(ratio * bytes_a_weight / operations));
}

}  // namespace scale::choice

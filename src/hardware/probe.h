// What machine this is: the facts that speed and memory figures depend on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::hardware {

struct Machine {
    std::string cpu;                 // model name
    int cores = 1;                   // that this process may use (affinity and cgroup quota)
    std::vector<std::string> isa;    // of {avx2, avx512f, avx512_vnni, avx_vnni, amx_int8, amx_bf16, avx512_bf16, f16c,
                                     // fma, neon, dotprod, i8mm}
    std::uint64_t memory_total = 0;  // bytes, the smaller of physical and cgroup limit
    std::uint64_t memory_available = 0;
    std::string kernel;  // operating-system kernel release
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Machine, cpu, cores, isa, memory_total, memory_available, kernel)

Machine probe();

// probe() with its sources named: `root` stands for "/", `cores` for what the affinity mask allows.
Machine probe_below(const std::filesystem::path& root, int cores);

// Processors in this process's affinity mask.
int allowed_cores();

// One line for people: "Intel … , 2 cores, avx512_vnni amx_int8, 23.4 GiB".
std::string describe(const Machine& machine);

// SHA-256 over the parts that change speed: cpu, cores, isa. Memory and kernel are left out, since they vary from boot
// to boot.
std::string fingerprint(const Machine& machine);

}  // namespace scale::hardware

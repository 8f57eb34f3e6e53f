#include "hardware/probe.h"

#include <algorithm>
#include <array>
#include <sched.h>
#include <set>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/hash.h"
#include "core/text.h"
#include "hardware/control_group.h"
#include "hardware/text_file.h"

namespace scale::hardware {

namespace {

struct Extension {
    std::string_view flag;  // in /proc/cpuinfo
    std::string_view name;
    bool integer;  // multiplies 8-bit integers in one instruction
};
constexpr std::array extensions{
    Extension{"avx2", "avx2", false},
    Extension{"avx512f", "avx512f", false},
    Extension{"avx512_vnni", "avx512_vnni", true},
    Extension{"avx_vnni", "avx_vnni", true},
    Extension{"amx_int8", "amx_int8", true},
    Extension{"amx_bf16", "amx_bf16", false},
    Extension{"avx512_bf16", "avx512_bf16", false},
    Extension{"f16c", "f16c", false},
    Extension{"fma", "fma", false},
    Extension{"neon", "neon", false},
    Extension{"asimd", "neon", false},
    Extension{"asimddp", "dotprod", true},
    Extension{"i8mm", "i8mm", true},
};

// The value of the first "key : value" line of /proc/cpuinfo.
std::string cpu_field(const std::string& text, std::string_view key) {
    for (const auto line : core::split_lines(text)) {
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && core::trimmed(line.substr(0, colon)) == key)
            return core::trimmed(line.substr(colon + 1));
    }
    return {};
}

// ARM kernels give numbers instead of a name.
std::string cpu_name(const std::string& text) {
    const std::string name = cpu_field(text, "model name");
    if (!name.empty()) return name;
    const std::string part = cpu_field(text, "CPU part");
    if (part.empty()) return "unknown CPU";
    return fmt::format("CPU implementer {}, part {}", cpu_field(text, "CPU implementer"), part);
}

std::vector<std::string> extensions_of(const std::string& text) {
    std::istringstream words(cpu_field(text, "flags") + " " + cpu_field(text, "Features"));
    std::set<std::string, std::less<>> flags;
    for (std::string word; words >> word;) flags.insert(word);
    std::vector<std::string> found;
    for (const auto& extension : extensions)
        if (flags.count(extension.flag) && std::find(found.begin(), found.end(), extension.name) == found.end())
            found.emplace_back(extension.name);
    return found;
}

bool is_integer_extension(std::string_view name) {
    return std::any_of(extensions.begin(), extensions.end(),
                       [&](const Extension& extension) { return extension.name == name && extension.integer; });
}

}  // namespace

int allowed_cores() {
    // The kernel refuses a mask shorter than its own, so it grows until it fits.
    for (int size = 1024; size <= 1 << 20; size *= 2) {
        cpu_set_t* mask = CPU_ALLOC(size);
        const std::size_t bytes = CPU_ALLOC_SIZE(size);
        const bool known = ::sched_getaffinity(0, bytes, mask) == 0;
        const int count = known ? CPU_COUNT_S(bytes, mask) : 0;
        CPU_FREE(mask);
        if (known) return std::max(1, count);
    }
    return 1;
}

Machine probe_below(const std::filesystem::path& root, int cores) {
    const std::string cpu = text_of(root / "proc/cpuinfo");
    const std::string memory = text_of(root / "proc/meminfo");
    const GroupLimits limits = read_group_limits(root);
    Machine machine;
    machine.cpu = cpu_name(cpu);
    machine.isa = extensions_of(cpu);
    machine.cores = cores;
    // A quota of 2.5 cores keeps two threads busy all the time; a third would be stopped for half of it.
    if (limits.cores) machine.cores = std::max(1, std::min(cores, static_cast<int>(std::min(*limits.cores, 1e6))));
    machine.memory_total = field_of(memory, "MemTotal").value_or(0) * 1024;
    machine.memory_available = field_of(memory, "MemAvailable").value_or(0) * 1024;
    if (limits.memory) machine.memory_total = std::min(machine.memory_total, *limits.memory);
    if (limits.memory_available)
        machine.memory_available = std::min(machine.memory_available, *limits.memory_available);
    machine.memory_available = std::min(machine.memory_available, machine.memory_total);
    machine.kernel = core::trimmed(text_of(root / "proc/sys/kernel/osrelease"));
    return machine;
}

Machine probe() {
    return probe_below("/", allowed_cores());
}

std::string describe(const Machine& machine) {
    std::vector<std::string> shown;
    std::copy_if(machine.isa.begin(), machine.isa.end(), std::back_inserter(shown), is_integer_extension);
    if (shown.empty()) shown = machine.isa;
    if (shown.empty()) shown = {"no vector extensions"};
    return fmt::format("{}, {} core{}, {}, {}", machine.cpu, machine.cores, machine.cores == 1 ? "" : "s",
                       fmt::join(shown, " "), core::human_bytes(machine.memory_total));
}

std::string fingerprint(const Machine& machine) {
    const core::Json parts = {{"cpu", machine.cpu}, {"cores", machine.cores}, {"isa", machine.isa}};
    return core::sha256_hex(core::canonical(parts));
}

}  // namespace scale::hardware

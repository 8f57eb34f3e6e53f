#include "core/peak_memory.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>

namespace scale::core {

namespace {

std::atomic<std::uint64_t> largest_child{0};

// "VmHWM:	   12345 kB" in /proc/self/status.
std::uint64_t own_peak() {
    std::ifstream status("/proc/self/status");
    std::string name;
    while (status >> name) {
        std::uint64_t kib = 0;
        if (name == "VmHWM:") return status >> kib ? kib * 1024 : 0;
        std::getline(status, name);
    }
    return 0;
}

}  // namespace

void restart_peak_memory() {
    largest_child = 0;
    std::ofstream("/proc/self/clear_refs") << "5";  // sets the mark to what is resident now (proc(5))
}

std::uint64_t peak_memory() {
    return std::max(own_peak(), largest_child.load());
}

void note_child_memory(std::uint64_t bytes) {
    std::uint64_t seen = largest_child;
    while (seen < bytes && !largest_child.compare_exchange_weak(seen, bytes)) {
    }
}

}  // namespace scale::core

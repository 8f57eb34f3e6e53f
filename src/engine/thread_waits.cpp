#include "engine/thread_waits.h"

#include <cstdlib>

namespace scale::engine {

namespace {

// Rounds of libgomp's waiting loop, some microseconds: longer than most waits at a barrier, much shorter than a time slice.
constexpr const char* brief_spin = "1000";

}  // namespace

std::vector<std::pair<std::string, std::string>> thread_environment(ThreadWaits waits) {
    const bool stated = std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr;
    if (waits == ThreadWaits::as_deployed || stated) return {};
    return {{"GOMP_SPINCOUNT", brief_spin}};
}

}  // namespace scale::engine

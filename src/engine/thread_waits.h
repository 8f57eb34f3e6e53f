// How the threads of an engine in a child process wait for one another, which they do several hundred times a token.
//
// libgomp lets them spin for milliseconds before they sleep. That costs nothing on a machine of one's own, and beside other
// work on the same cores it keeps that work, or the engine's own working threads, from running: two processes then take
// six times as long for their prompts as one after the other. Sleeping at once makes one process alone a third as fast at
// single tokens. A short spin is nearly as good as the better of both (docs/measurements/arms.md).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace scale::engine {

enum class ThreadWaits {
    brief,        // for work that must get on beside other work
    as_deployed,  // the engine's own way, for what is measured to be compared with a server's speed
};

// What to add to the environment of the child. Empty where our own says how to wait (GOMP_SPINCOUNT, OMP_WAIT_POLICY).
std::vector<std::pair<std::string, std::string>> thread_environment(ThreadWaits waits);

}  // namespace scale::engine

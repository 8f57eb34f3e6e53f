// How many threads engine work gets.
#pragma once

namespace scale::hardware {

// `asked` as [deploy] threads states it; 0 means every core that this process may use (affinity and cgroup quota).
int threads_for(int asked);

}  // namespace scale::hardware

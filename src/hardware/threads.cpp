#include "hardware/threads.h"

#include "hardware/probe.h"

namespace scale::hardware {

int threads_for(int asked) {
    return asked > 0 ? asked : probe().cores;
}

}  // namespace scale::hardware

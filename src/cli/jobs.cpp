#include "cli/jobs.h"

#include "engine/selftest.h"

namespace scale::cli {

engine::Jobs all_jobs() {
    return {
        {"engine.selftest_abort", engine::selftest_abort},
        {"engine.selftest_echo", engine::selftest_echo},
    };
}

}  // namespace scale::cli

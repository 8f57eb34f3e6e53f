#include "cli/jobs.h"

#include "calibration/tokenize_job.h"
#include "cli/model_argument.h"
#include "engine/selftest.h"
#include "quality/jobs.h"
#include "quantize/statistics_job.h"
#include "quantize/write_job.h"

namespace scale::cli {

engine::Jobs all_jobs() {
    return {
        {"calibration.tokenize", calibration::tokenize_job},
        {"cli.estimate_memory", estimate_memory_job},
        {"engine.selftest_abort", engine::selftest_abort},
        {"engine.selftest_echo", engine::selftest_echo},
        {"quality.items", quality::items_job},
        {"quality.measure", quality::measure_job},
        {"quantize.statistics", quantize::statistics_job},
        {"quantize.write", quantize::write_job},
    };
}

}  // namespace scale::cli

#include "cli/jobs.h"

#include "calibration/answer_job.h"
#include "calibration/channels/channels_job.h"
#include "calibration/drift/live_job.h"
#include "calibration/tokenize_job.h"
#include "choice/endpoint/prompts.h"
#include "choice/trial_jobs.h"
#include "cli/model_argument.h"
#include "constraint/measure_job.h"
#include "engine/selftest.h"
#include "quality/jobs.h"
#include "quantize/allocation/allocate_job.h"
#include "quantize/check_job.h"
#include "quantize/examine_job.h"
#include "quantize/export_job.h"
#include "quantize/import_job.h"
#include "quantize/refine_job.h"
#include "quantize/stand_in_job.h"
#include "quantize/statistics_job.h"
#include "quantize/tune_job.h"
#include "quantize/write_job.h"

namespace scale::cli {

engine::Jobs all_jobs() {
    return {
        {"calibration.answer", calibration::answer_job},
        {"calibration.channels", calibration::channels_job},
        {"calibration.live", calibration::live_job},
        {"calibration.tokenize", calibration::tokenize_job},
        {"cli.estimate_memory", estimate_memory_job},
        {choice::plan_job_name, choice::plan_job},
        {choice::plan_tensors_job_name, choice::plan_tensors_job},
        {choice::prompts_job_name, choice::prompts_job},
        {choice::stand_in_job_name, choice::stand_in_job},
        {choice::trial_job_name, choice::trial_job},
        {constraint::measure_job_name, constraint::measure_job},
        {"engine.selftest_abort", engine::selftest_abort},
        {"engine.selftest_echo", engine::selftest_echo},
        {"quality.agreement", quality::agreement_job},
        {"quality.items", quality::items_job},
        {"quality.measure", quality::measure_job},
        {"quantize.allocate", quantize::allocate_job},
        {"quantize.check", quantize::check_job},
        {"quantize.examine", quantize::examine_job},
        {"quantize.export", quantize::export_job},
        {"quantize.import", quantize::import_job},
        {"quantize.plan", quantize::plan_job},
        {"quantize.refine", quantize::refine_job},
        {"quantize.stand_in", quantize::stand_in_job},
        {"quantize.statistics", quantize::statistics_job},
        {"quantize.tune", quantize::tune_job},
        {"quantize.write", quantize::write_job},
    };
}

}  // namespace scale::cli

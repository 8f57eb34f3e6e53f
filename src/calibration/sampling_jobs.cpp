#include "calibration/sampling_jobs.h"

#include "core/progress.h"
#include "engine/job.h"
#include "hardware/threads.h"

namespace scale::calibration {

Job worker_job(const record::Pass& pass, const std::string& name, const std::string& label, core::Json settings) {
    const auto log = pass.work_folder() / (name.substr(name.find('.') + 1) + ".log");
    return [=](const core::Json& request) {
        core::Json complete = settings;
        complete.update(request);
        core::Progress progress(label);
        return engine::run_job(name, complete, log, &progress);
    };
}

SamplingJobs sampling_jobs(const record::Pass& pass) {
    const record::CalibrationSection& settings = pass.file().calibration;
    const std::string model = pass.original().string();
    SamplingJobs jobs;
    jobs.max_tokens =
        static_cast<std::size_t>(settings.max_tokens > 0 ? settings.max_tokens : pass.file().deploy.context);
    jobs.tokenize = worker_job(pass, "calibration.tokenize", "templating and tokenizing", {{"model", model}});
    if (settings.answers == "generate")
        jobs.answer = worker_job(pass, "calibration.answer", "the original's own answers",
                                 {{"model", model},
                                  {"threads", hardware::threads_for(pass.file().deploy.threads)},
                                  {"answer_tokens", settings.answer_tokens}});
    return jobs;
}

}  // namespace scale::calibration

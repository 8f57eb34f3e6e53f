#include "constraint/measure_job.h"

#include "engine/memory.h"
#include "engine/rounds.h"
#include "engine/speed.h"

namespace scale::constraint {

Measurement measure(const MeasureRequest& request, const std::filesystem::path& log, core::Progress* progress) {
    const core::Json result =
        engine::run_job(measure_job_name, request, log, progress, engine::ThreadWaits::as_deployed);
    return {core::required<record::Memory>(result, "memory", measure_job_name),
            core::required<record::Speed>(result, "speed", measure_job_name)};
}

core::Json measure_job(const core::Json& request, engine::JobContext& context) {
    const auto wanted = request.get<MeasureRequest>();
    const record::Memory memory = engine::estimate_memory(wanted.model, wanted.workload);
    engine::SpeedRequest speed_request;
    speed_request.models = {wanted.model};
    speed_request.workload = wanted.workload;
    speed_request.threads = wanted.threads;
    speed_request.rounds = wanted.rounds;
    engine::SpeedResult result =
        engine::measure_speed(speed_request, [&](double done, double total, const std::string&) {
            context.progress(done, total);
        }).at(0);
    result.speed.rate = engine::request_rate(result);
    return {{"memory", memory}, {"speed", result.speed}};
}

}  // namespace scale::constraint

#include "engine/speed.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <llama.h>

#include "core/error.h"
#include "engine/memory.h"
#include "engine/speed_bench.h"
#include "hardware/probe.h"

namespace scale::engine {

namespace {

// The share of the free memory that the models may take together; beyond it they are loaded one at a time.
constexpr double memory_share = 0.8;

constexpr Shape warm_up{32, 2};
constexpr int fewest_prefill_tokens = 32;
constexpr int fewest_decode_tokens = 4;

void check(const SpeedRequest& request) {
    const record::Workload& workload = request.workload;
    if (request.models.empty() || request.rounds < 1 || request.threads < 1 || request.decode_tokens < 1 ||
        workload.prompt_tokens < 1 || workload.completion_tokens < 0 || workload.concurrency < 1 ||
        workload.concurrency > static_cast<int>(llama_max_parallel_sequences()))
        throw core::input_error(
            "the speed measurement needs models, and rounds, threads, tokens and concurrency of at least 1",
            "a concurrency of at most " + std::to_string(llama_max_parallel_sequences()));
}

bool all_fit(const SpeedRequest& request) {
    double needed = 0;
    for (const auto& path : request.models) {
        record::Workload workload = request.workload;
        workload.context = std::max(workload.prompt_tokens, 1);
        needed += static_cast<double>(estimate_memory(path, workload).total());
    }
    return needed <= memory_share * static_cast<double>(hardware::probe().memory_available);
}

// The models, all held open or opened for every measurement.
class Benches {
  public:
    explicit Benches(const SpeedRequest& request)
        : request_(request), keep_(all_fit(request)), benches_(request.models.size()) {}

    Pace time(std::size_t index, const Shape& shape) {
        auto& bench = benches_[index];
        const bool opened = !bench;
        if (opened) bench = std::make_unique<SpeedBench>(request_.models[index], request_);
        if (opened) bench->time(warm_up);  // pages the weights in
        const Pace pace = bench->time(shape);
        if (!keep_) bench.reset();
        return pace;
    }

  private:
    const SpeedRequest& request_;
    bool keep_;
    std::vector<std::unique_ptr<SpeedBench>> benches_;
};

double expected_seconds(const Pace& pace, const Shape& shape, int concurrency) {
    return shape.prefill_tokens / pace.prefill + shape.decode_tokens / pace.decode +
           shape.decode_tokens * concurrency / pace.batch_decode;
}

// What the slowest model can do in the time of a round; the same for all, so that the rounds compare.
Shape shape_for(const SpeedRequest& request, const std::vector<Pace>& paces) {
    const Shape whole{request.workload.prompt_tokens, request.decode_tokens};
    double scale = 1;
    for (const Pace& pace : paces)
        scale =
            std::min(scale, request.seconds_per_round / expected_seconds(pace, whole, request.workload.concurrency));
    const auto scaled = [&](int tokens, int fewest) {
        return std::clamp(static_cast<int>(tokens * scale), std::min(fewest, tokens), tokens);
    };
    return {scaled(whole.prefill_tokens, fewest_prefill_tokens), scaled(whole.decode_tokens, fewest_decode_tokens)};
}

record::Measured measured(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back(), static_cast<int>(n)};
}

SpeedResult summarise(const SpeedRequest& request, const Shape& shape, const std::vector<Pace>& rounds) {
    const record::Workload& workload = request.workload;
    const auto seconds = [&](double prefill, double batch_decode) {
        return workload.prompt_tokens / prefill + workload.completion_tokens / batch_decode;
    };
    SpeedResult result;
    std::vector<double> prefill, decode, batch_decode;
    for (const Pace& pace : rounds) {
        prefill.push_back(pace.prefill);
        decode.push_back(pace.decode);
        batch_decode.push_back(pace.batch_decode);
        result.seconds_per_request.push_back(seconds(pace.prefill, pace.batch_decode));
    }
    record::Speed& speed = result.speed;
    speed.prefill = measured(prefill);
    speed.decode = measured(decode);
    speed.batch_decode = measured(batch_decode);
    speed.concurrency = workload.concurrency;
    speed.threads = request.threads;
    speed.seconds_per_request = seconds(speed.prefill.median, speed.batch_decode.median);
    speed.requests_per_minute = 60 / speed.seconds_per_request;
    result.timed_prefill_tokens = shape.prefill_tokens;
    result.timed_decode_tokens = shape.decode_tokens;
    return result;
}

}  // namespace

std::vector<SpeedResult> measure_speed(const SpeedRequest& request,
                                       const std::function<void(double, double, const std::string&)>& progress) {
    check(request);
    const std::size_t models = request.models.size();
    const auto total = static_cast<double>(models) * (request.rounds + 1);
    double done = 0;
    const auto report = [&](std::size_t index) {
        if (progress) progress(++done, total, request.models[index].filename().string());
    };
    Benches benches(request);
    std::vector<Pace> warm(models);
    for (std::size_t i = 0; i < models; ++i) {
        warm[i] = benches.time(i, {std::min(warm_up.prefill_tokens, request.workload.prompt_tokens), 1});
        report(i);
    }
    const Shape shape = shape_for(request, warm);
    std::vector<std::vector<Pace>> paces(models);
    for (int round = 0; round < request.rounds; ++round) {
        for (std::size_t k = 0; k < models; ++k) {
            const std::size_t i = (k + static_cast<std::size_t>(round)) % models;
            paces[i].push_back(benches.time(i, shape));
            report(i);
        }
    }
    std::vector<SpeedResult> results;
    for (std::size_t i = 0; i < models; ++i) results.push_back(summarise(request, shape, paces[i]));
    return results;
}

}  // namespace scale::engine

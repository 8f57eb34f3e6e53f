// Measured speed of one or several models on this machine, at the workload's shapes.
//
// Rounds are interleaved: every round times each model once, in an order that rotates, so that drift of the machine
// (frequency, neighbours) falls on all alike. One warm-up is not counted; its pace scales the tokens down, alike for
// all models, where a round would take long.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "record/payload.h"

namespace scale::engine {

struct SpeedRequest {
    std::vector<std::filesystem::path> models;
    record::Workload workload;
    int threads = 1;
    int rounds = 3;
    int decode_tokens = 32;        // timed per sequence and round, at most
    double seconds_per_round = 6;  // of one model, about
};

struct SpeedResult {
    record::Speed speed;
    std::vector<double> seconds_per_request;  // one per round, for paired comparison
    int timed_prefill_tokens = 0;             // what a round timed
    int timed_decode_tokens = 0;              // per sequence
};

// One result per model, in order. `progress` gets (done, total, note).
std::vector<SpeedResult> measure_speed(const SpeedRequest& request,
                                       const std::function<void(double, double, const std::string&)>& progress);

}  // namespace scale::engine

// Requests of the traffic on their way to being samples: answered where that is asked for, templated and tokenized by
// the worker jobs, or refused by the model's template.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "calibration/traffic_index.h"
#include "core/json.h"
#include "model/token_set.h"

namespace scale::calibration {

// Runs a worker job of this module on a request without the model's path.
using Job = std::function<core::Json(const core::Json& request)>;

struct SamplingJobs {
    std::size_t max_tokens = 1024;
    Job tokenize;
    Job answer;  // none: requests without a logged answer end where the model would begin
};

// What has come of the requests so far.
struct Drawn {
    std::map<std::size_t, model::TokenSequence> sequences;  // by position in the index
    std::set<std::size_t> cut;
    std::set<std::size_t> answered;
    std::map<std::size_t, std::string> refused;  // with the template's reason
    std::set<std::size_t> set_aside;             // nearly the text of one on another side
    bool has_template = true;

    bool usable(std::size_t request) const { return refused.count(request) == 0 && set_aside.count(request) == 0; }
    std::vector<std::size_t> usable(const std::vector<std::size_t>& pool) const;
};

// Every wanted request ends up in `sequences` or in `refused`.
void make_sequences(const TrafficIndex& index, const Traffic& traffic, const std::vector<std::size_t>& wanted,
                    const SamplingJobs& jobs, Drawn& drawn);

}  // namespace scale::calibration

#include "calibration/drawn.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "calibration/coverage.h"

namespace scale::calibration {

namespace {

core::Json job_item(const TrafficIndex& index, const Request& request, std::size_t i) {
    core::Json messages = core::Json::array();
    for (const Message& message : request.messages)
        messages.push_back({{"role", message.role}, {"content", message.content}});
    return {{"id", index.distinct[i].text_hash.substr(0, 16)},
            {"stratum", stratum_label(index, i)},
            {"messages", std::move(messages)},
            {"prompt", request.prompt},
            {"answer", request.answer}};
}

// The original's own answers where the log has none.
void answer(core::Json& requests, const std::vector<std::size_t>& wanted, const SamplingJobs& jobs, Drawn& drawn) {
    core::Json open = core::Json::array();
    std::vector<std::size_t> places;
    for (std::size_t place = 0; place < requests.size(); ++place) {
        const core::Json& messages = requests[place].at("messages");
        const bool answered =
            requests[place].at("answer") != "" || (!messages.empty() && messages.back().at("role") == "assistant");
        if (answered) continue;
        open.push_back(requests[place]);
        places.push_back(place);
    }
    if (open.empty()) return;
    const core::Json result = jobs.answer({{"max_tokens", jobs.max_tokens}, {"requests", std::move(open)}});
    for (const core::Json& given : result.at("answers")) {
        const std::size_t place = places.at(given.at("position").get<std::size_t>());
        requests[place]["answer"] = given.at("answer");
        drawn.answered.insert(wanted[place]);
    }
}

void take_result(const core::Json& result, const std::vector<std::size_t>& wanted, Drawn& drawn) {
    drawn.has_template = result.at("has_template").get<bool>();
    for (const core::Json& sequence : result.at("sequences")) {
        const std::size_t request = wanted.at(sequence.at("position").get<std::size_t>());
        drawn.sequences[request] = {sequence.at("id").get<std::string>(), sequence.at("stratum").get<std::string>(),
                                    sequence.at("text").get<std::string>(),
                                    sequence.at("tokens").get<std::vector<std::int32_t>>()};
        if (sequence.value("cut", false)) drawn.cut.insert(request);
    }
    for (const core::Json& refusal : result.at("refused")) {
        const std::size_t request = wanted.at(refusal.at("position").get<std::size_t>());
        drawn.refused[request] = refusal.at("reason").get<std::string>();
    }
}

}  // namespace

std::vector<std::size_t> Drawn::usable(const std::vector<std::size_t>& pool) const {
    std::vector<std::size_t> kept;
    std::copy_if(pool.begin(), pool.end(), std::back_inserter(kept), [&](std::size_t i) { return usable(i); });
    return kept;
}

void make_sequences(const TrafficIndex& index, const Traffic& traffic, const std::vector<std::size_t>& wanted,
                    const SamplingJobs& jobs, Drawn& drawn) {
    core::Json requests = core::Json::array();
    for (const std::size_t i : wanted) requests.push_back(job_item(index, traffic.again(index.distinct[i].place), i));
    if (jobs.answer) answer(requests, wanted, jobs, drawn);
    const core::Json request = {{"max_tokens", jobs.max_tokens}, {"requests", std::move(requests)}};
    take_result(jobs.tokenize(request), wanted, drawn);
}

}  // namespace scale::calibration

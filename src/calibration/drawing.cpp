#include "calibration/drawing.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "calibration/coverage.h"
#include "core/error.h"

namespace scale::calibration {

namespace {

constexpr int max_rounds = 12;

// What has come of the requests that were drawn so far.
struct Drawn {
    std::map<std::size_t, model::TokenSequence> sequences;  // by position in the index
    std::set<std::size_t> cut;
    std::set<std::size_t> answered;
    std::set<std::size_t> refused;
    std::set<std::size_t> set_aside;
    std::string reason;  // of the first refusal
    bool has_template = true;

    bool usable(std::size_t request) const { return refused.count(request) == 0 && set_aside.count(request) == 0; }
};

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
void answer(core::Json& requests, const std::vector<std::size_t>& wanted, const DrawingOptions& options, Drawn& drawn) {
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
    const core::Json result = options.answer({{"max_tokens", options.max_tokens}, {"requests", std::move(open)}});
    for (const core::Json& given : result.at("answers")) {
        const std::size_t place = places.at(given.at("position").get<std::size_t>());
        requests[place]["answer"] = given.at("answer");
        drawn.answered.insert(wanted[place]);
    }
}

void take_result(const core::Json& result, const std::vector<std::size_t>& wanted, TrafficIndex& index, Drawn& drawn) {
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
        const std::string reason = refusal.at("reason").get<std::string>();
        drawn.refused.insert(request);
        if (drawn.reason.empty()) drawn.reason = reason;
        index.broken.add(index.distinct[request].place.number, "the model cannot take it: " + reason);
        --index.requests;
    }
}

void run_jobs(TrafficIndex& index, const Traffic& traffic, const std::vector<std::size_t>& wanted,
              const DrawingOptions& options, Drawn& drawn) {
    core::Json requests = core::Json::array();
    for (const std::size_t i : wanted) requests.push_back(job_item(index, traffic.again(index.distinct[i].place), i));
    if (options.answer) answer(requests, wanted, options, drawn);
    const core::Json request = {{"max_tokens", options.max_tokens}, {"requests", std::move(requests)}};
    take_result(options.tokenize(request), wanted, index, drawn);
}

std::vector<std::size_t> usable(const std::vector<std::size_t>& pool, const Drawn& drawn) {
    std::vector<std::size_t> kept;
    std::copy_if(pool.begin(), pool.end(), std::back_inserter(kept), [&](std::size_t i) { return drawn.usable(i); });
    return kept;
}

std::vector<std::size_t> missing(const Drawing& drawing, const Drawn& drawn) {
    std::vector<std::size_t> wanted;
    for (const auto* chosen : {&drawing.samples, &drawing.holdout, &drawing.canary})
        std::copy_if(chosen->begin(), chosen->end(), std::back_inserter(wanted),
                     [&](std::size_t request) { return drawn.sequences.count(request) == 0; });
    return wanted;
}

void choose(const TrafficIndex& index, const Split& split, const DrawingOptions& options, const Drawn& drawn,
            Drawing& drawing) {
    const double limit = static_cast<double>(options.max_tokens);
    const auto strata_of = [&](const std::vector<std::size_t>& pool) {
        return ordered_strata(index, usable(pool, drawn), options.seed);
    };
    const QuotaRule proportional{.exponent = 1, .floor = 0};
    drawing.samples = select_covering(index, strata_of(split.calibration), options.samples, {}, limit);
    drawing.holdout = select(index, strata_of(split.holdout), max_holdout, proportional, limit);
    drawing.canary = select(index, strata_of(split.canary), max_canary, proportional, limit);
}

// Near-duplicates across the sides leave the side that matters less. True where there were none.
bool separate(const TrafficIndex& index, const Drawing& drawing, Drawn& drawn) {
    const std::size_t before = drawn.set_aside.size();
    for (const auto& [side, other] :
         {std::pair(&drawing.canary, &drawing.holdout), std::pair(&drawing.samples, &drawing.holdout),
          std::pair(&drawing.samples, &drawing.canary)})
        for (const std::size_t request : near_duplicates_across(index, *side, *other)) drawn.set_aside.insert(request);
    return drawn.set_aside.size() == before;
}

std::vector<model::TokenSequence> sequences_of(const std::vector<std::size_t>& chosen, Drawn& drawn) {
    std::vector<model::TokenSequence> sequences;
    for (const std::size_t request : chosen) sequences.push_back(std::move(drawn.sequences.at(request)));
    return sequences;
}

}  // namespace

Drawing draw(TrafficIndex& index, const Traffic& traffic, const Split& split, const DrawingOptions& options) {
    Drawn drawn;
    Drawing drawing;
    bool complete = false;
    for (int round = 0; round < max_rounds && !complete; ++round) {
        choose(index, split, options, drawn, drawing);
        if (!separate(index, drawing, drawn)) continue;
        const auto wanted = missing(drawing, drawn);
        if (!wanted.empty()) run_jobs(index, traffic, wanted, options, drawn);
        complete = missing(drawing, drawn).empty();
    }
    if (!complete || drawing.samples.size() < min_samples || drawing.holdout.size() < min_holdout)
        throw core::input_error(
            fmt::format("of the requests that were drawn, the model cannot take {} ({}) and {} are near-duplicates "
                        "across the split",
                        drawn.refused.size(), drawn.reason.empty() ? "none" : drawn.reason, drawn.set_aside.size()),
            fmt::format("at least {} samples and {} held out that pass its chat template", min_samples, min_holdout),
            "name a log of requests that this model serves by --log FILE");
    for (const auto* chosen : {&drawing.samples, &drawing.holdout, &drawing.canary})
        for (const std::size_t request : *chosen) drawing.cut += drawn.cut.count(request);
    for (const std::size_t request : drawing.samples) drawing.own_answers += drawn.answered.count(request);
    drawing.sample_sequences = sequences_of(drawing.samples, drawn);
    drawing.holdout_sequences = sequences_of(drawing.holdout, drawn);
    drawing.canary_sequences = sequences_of(drawing.canary, drawn);
    drawing.has_template = drawn.has_template;
    drawing.refused = drawn.refused.size();
    drawing.set_aside = drawn.set_aside.size();
    return drawing;
}

}  // namespace scale::calibration

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

constexpr int max_rounds = 6;

struct Tokenised {
    std::map<std::size_t, model::TokenSequence> sequences;  // by position in the index
    std::set<std::size_t> refused;
    std::string reason;  // of the first refusal
    bool has_template = true;
};

core::Json job_request(const TrafficIndex& index, const std::vector<std::size_t>& wanted, std::size_t max_tokens) {
    const LineReader reader(index.log);
    core::Json requests = core::Json::array();
    for (const std::size_t i : wanted) {
        const Request request = parse_request(reader.read(index.distinct[i].place)).request;
        core::Json messages = core::Json::array();
        for (const Message& message : request.messages)
            messages.push_back({{"role", message.role}, {"content", message.content}});
        requests.push_back({{"id", index.distinct[i].text_hash.substr(0, 16)},
                            {"stratum", stratum_label(index, i)},
                            {"messages", std::move(messages)},
                            {"prompt", request.prompt},
                            {"answer", request.answer}});
    }
    return {{"max_tokens", max_tokens}, {"requests", std::move(requests)}};
}

void take_result(const core::Json& result, const std::vector<std::size_t>& wanted, TrafficIndex& index,
                 Tokenised& tokenised) {
    tokenised.has_template = result.at("has_template").get<bool>();
    for (const core::Json& sequence : result.at("sequences"))
        tokenised.sequences[wanted.at(sequence.at("position").get<std::size_t>())] = {
            sequence.at("id").get<std::string>(), sequence.at("stratum").get<std::string>(),
            sequence.at("text").get<std::string>(), sequence.at("tokens").get<std::vector<std::int32_t>>()};
    for (const core::Json& refusal : result.at("refused")) {
        const std::size_t request = wanted.at(refusal.at("position").get<std::size_t>());
        const std::string reason = refusal.at("reason").get<std::string>();
        tokenised.refused.insert(request);
        if (tokenised.reason.empty()) tokenised.reason = reason;
        index.broken.add(index.distinct[request].place.number, "the model cannot take it: " + reason);
        --index.requests;
    }
}

std::vector<std::size_t> without(const std::vector<std::size_t>& pool, const std::set<std::size_t>& refused) {
    std::vector<std::size_t> kept;
    std::copy_if(pool.begin(), pool.end(), std::back_inserter(kept),
                 [&](std::size_t request) { return refused.count(request) == 0; });
    return kept;
}

std::vector<std::size_t> missing(const Drawing& drawing, const Tokenised& tokenised) {
    std::vector<std::size_t> wanted;
    for (const auto* chosen : {&drawing.samples, &drawing.holdout})
        std::copy_if(chosen->begin(), chosen->end(), std::back_inserter(wanted),
                     [&](std::size_t request) { return tokenised.sequences.count(request) == 0; });
    return wanted;
}

void choose(const TrafficIndex& index, const Split& split, const DrawingOptions& options,
            const std::set<std::size_t>& refused, Drawing& drawing) {
    const auto pool = without(split.calibration, refused);
    const auto holdout_pool = without(split.holdout, refused);
    drawing.samples = select(ordered_strata(index, pool, options.seed), std::min(options.samples, pool.size()), {});
    drawing.holdout = select(ordered_strata(index, holdout_pool, options.seed),
                             std::min(max_holdout, holdout_pool.size()), {.exponent = 1, .floor = 0});
}

}  // namespace

Drawing draw(TrafficIndex& index, const Split& split, const DrawingOptions& options, const Tokenizer& tokenizer) {
    Tokenised tokenised;
    Drawing drawing;
    for (int round = 0; round < max_rounds; ++round) {
        choose(index, split, options, tokenised.refused, drawing);
        const auto wanted = missing(drawing, tokenised);
        if (wanted.empty()) break;
        take_result(tokenizer(job_request(index, wanted, options.max_tokens)), wanted, index, tokenised);
    }
    const bool complete = missing(drawing, tokenised).empty();
    if (!complete || drawing.samples.size() < min_samples || drawing.holdout.size() < min_holdout)
        throw core::input_error(
            fmt::format("the model cannot take {} of the requests that were drawn ({})", tokenised.refused.size(),
                        tokenised.reason),
            fmt::format("at least {} samples and {} held out that pass its chat template", min_samples, min_holdout),
            "name a log of requests that this model serves by --log FILE");
    for (const std::size_t request : drawing.samples)
        drawing.sample_sequences.push_back(std::move(tokenised.sequences.at(request)));
    for (const std::size_t request : drawing.holdout)
        drawing.holdout_sequences.push_back(std::move(tokenised.sequences.at(request)));
    drawing.has_template = tokenised.has_template;
    return drawing;
}

}  // namespace scale::calibration

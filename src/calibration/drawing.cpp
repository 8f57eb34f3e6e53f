#include "calibration/drawing.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "calibration/channels/channels_job.h"
#include "calibration/channels/rerank.h"
#include "core/error.h"

namespace scale::calibration {

namespace {

constexpr int max_rounds = 12;

std::vector<std::size_t> missing(const Drawing& drawing, const Drawn& drawn) {
    std::vector<std::size_t> wanted;
    for (const auto* chosen : {&drawing.samples, &drawing.holdout, &drawing.canary})
        std::copy_if(chosen->begin(), chosen->end(), std::back_inserter(wanted),
                     [&](std::size_t request) { return drawn.sequences.count(request) == 0; });
    return wanted;
}

void choose(const TrafficIndex& index, const Split& split, const DrawingOptions& options, const Drawn& drawn,
            Drawing& drawing) {
    const double limit = static_cast<double>(options.jobs.max_tokens);
    const auto strata_of = [&](const std::vector<std::size_t>& pool) {
        return ordered_strata(index, drawn.usable(pool), options.seed);
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

// Twice the seats of every stratum, without those that are nearly the text of one on another side.
std::vector<Seats> candidates_of(const TrafficIndex& index, const Split& split, const DrawingOptions& options,
                                 const Drawn& drawn, const Drawing& drawing) {
    std::vector<Seats> strata =
        covering_candidates(index, ordered_strata(index, drawn.usable(split.calibration), options.seed),
                            options.samples, {}, static_cast<double>(options.jobs.max_tokens), 2);
    std::vector<std::size_t> pool;
    for (const Seats& stratum : strata) pool.insert(pool.end(), stratum.candidates.begin(), stratum.candidates.end());
    std::set<std::size_t> foreign;
    for (const auto* other : {&drawing.holdout, &drawing.canary})
        for (const std::size_t request : near_duplicates_across(index, pool, *other)) foreign.insert(request);
    for (Seats& stratum : strata)
        std::erase_if(stratum.candidates, [&](std::size_t request) { return foreign.count(request) > 0; });
    return strata;
}

// Sequences of all candidates; only those of the set have generated answers, which cost more than they tell here.
// Candidates that the template refuses leave their stratum. Positions take the place of requests.
std::vector<std::size_t> pool_of(const TrafficIndex& index, const Traffic& traffic, const SamplingJobs& jobs,
                                 const Drawn& drawn, Drawn& candidates, std::vector<Seats>& strata) {
    std::vector<std::size_t> wanted;
    for (const Seats& stratum : strata)
        for (const std::size_t request : stratum.candidates) {
            const auto found = drawn.sequences.find(request);
            if (found == drawn.sequences.end())
                wanted.push_back(request);
            else
                candidates.sequences.insert(*found);
        }
    if (!wanted.empty()) make_sequences(index, traffic, wanted, {jobs.max_tokens, jobs.tokenize, Job()}, candidates);
    std::vector<std::size_t> pool;
    for (Seats& stratum : strata) {
        stratum.candidates = candidates.usable(stratum.candidates);
        for (std::size_t& request : stratum.candidates) {
            pool.push_back(request);
            request = pool.size() - 1;
        }
    }
    return pool;
}

// The chosen candidates take the place of the samples, with answers where those are generated.
void take_samples(const TrafficIndex& index, const Traffic& traffic, const DrawingOptions& options,
                  const Drawn& candidates, Drawn& drawn, Drawing& drawing) {
    std::vector<std::size_t> fresh;
    for (const std::size_t request : drawing.samples)
        if (drawn.sequences.count(request) == 0) fresh.push_back(request);
    if (options.jobs.answer && !fresh.empty()) make_sequences(index, traffic, fresh, options.jobs, drawn);
    for (const std::size_t request : fresh) {
        drawn.refused.erase(request);  // the template took it without the answer
        drawn.sequences.insert({request, candidates.sequences.at(request)});
        if (candidates.cut.count(request) > 0) drawn.cut.insert(request);
    }
}

void judge_channels(const TrafficIndex& index, const Traffic& traffic, const Split& split,
                    const DrawingOptions& options, Drawn& drawn, Drawing& drawing) {
    std::vector<Seats> strata = candidates_of(index, split, options, drawn, drawing);
    Drawn candidates;
    const std::vector<std::size_t> pool = pool_of(index, traffic, options.jobs, drawn, candidates, strata);
    core::Json sequences = core::Json::array();
    for (const std::size_t request : pool) sequences.push_back(candidates.sequences.at(request).tokens);
    const core::Json result = options.channels({{"sequences", std::move(sequences)}});
    Reranked reranked = rerank(parse_outliers(result), strata, options.channel_mode, options.seed);
    drawing.channels = std::move(reranked.figures);
    drawing.layers = std::move(reranked.layers);
    drawing.channels.pool_samples = static_cast<int>(pool.size());
    drawing.channels.tokens = result.at("tokens").get<std::uint64_t>();
    drawing.channels.tokens_per_sample = result.at("tokens_per_sample").get<int>();
    drawing.samples.clear();
    for (const std::size_t position : reranked.chosen) drawing.samples.push_back(pool[position]);
    std::sort(drawing.samples.begin(), drawing.samples.end());
    take_samples(index, traffic, options, candidates, drawn, drawing);
}

void count_refusals(TrafficIndex& index, const Drawn& drawn) {
    for (const auto& [request, reason] : drawn.refused) {
        index.broken.add(index.distinct[request].place.number, "the model cannot take it: " + reason);
        --index.requests;
    }
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
        if (!wanted.empty()) make_sequences(index, traffic, wanted, options.jobs, drawn);
        complete = missing(drawing, drawn).empty();
    }
    if (!complete || drawing.samples.size() < min_samples || drawing.holdout.size() < min_holdout)
        throw core::input_error(
            fmt::format("of the requests that were drawn, the model cannot take {} ({}) and {} are near-duplicates "
                        "across the split",
                        drawn.refused.size(), drawn.refused.empty() ? "none" : drawn.refused.begin()->second,
                        drawn.set_aside.size()),
            fmt::format("at least {} samples and {} held out that pass its chat template", min_samples, min_holdout),
            "name a log of requests that this model serves by --log FILE");
    if (options.channel_mode != "off") judge_channels(index, traffic, split, options, drawn, drawing);
    count_refusals(index, drawn);
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

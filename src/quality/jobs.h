// What the gate asks of the engine, as jobs of the worker process (engine/job.h).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "client/model_server.h"
#include "engine/job.h"
#include "quality/measurements.h"
#include "quality/scored_texts.h"
#include "record/payload.h"

namespace scale::quality {

// "quality.items": writes the items of a budget, fitted to the original's tokenizer and context, as {"items": […],
// "scoring": {suite: SuiteScoring}, "files": {suite: {"sha256", "items"}}}. In mode "auto" the original is run on a
// pilot.
struct ItemsRequest {
    std::string original;  // path
    std::string output;    // path
    int items = 0;
    int context = 0;
    std::uint64_t seed = 0;
    bool compressed = false;
    record::SuiteSettings scoring;          // its paths are absolute
    std::map<std::string, double> margins;  // per suite, as shares, for the pilot's headroom
    double alpha = 0.05;
    int threads = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ItemsRequest, original, output, items, context, seed, compressed,
                                                scoring, margins, alpha, threads)
core::Json items_job(const core::Json& request, engine::JobContext& context);

// "quality.measure": both models on the same texts and items; returns Measurements. Resumes from `checkpoint`. With the
// original on both sides and other settings on one, it measures the noise floor.
struct MeasureRequest {
    std::string original;  // paths
    std::string candidate;
    std::string items;
    std::string held_out;
    std::string checkpoint;
    std::uint64_t kl_tokens = 0;
    std::uint64_t seed = 0;
    int threads = 1;
    std::string kv_type = "f16";                  // of the candidate's cache; the original, the reference, keeps f16
    int items_per_suite = 0;                      // the first so many of each; 0: all
    std::uint64_t first_tokens = 0;               // of the gate's first look; 0: kl_tokens
    std::uint64_t last_tokens = 0;                // of its last; 0: kl_tokens
    int candidate_batch = 512;                    // tokens of the candidate's forward passes
    int candidate_threads = 0;                    // 0: threads
    client::ServerSettings original_server = {};  // with a URL: writes the original's answers
    client::ServerSettings candidate_server = {};
    bool served = false;       // the servers score texts and forced choices, too
    int top_tokens = 0;        // as record::SuiteSettings has it
    bool other_order = false;  // served: the candidate's prompts go out in reverse, fewer at once

    TokenPlan plan() const {
        return {kl_tokens, first_tokens > 0 ? first_tokens : kl_tokens, last_tokens > 0 ? last_tokens : kl_tokens};
    }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MeasureRequest, original, candidate, items, held_out, checkpoint,
                                                kl_tokens, seed, threads, kv_type, items_per_suite, first_tokens,
                                                last_tokens, candidate_batch, candidate_threads, original_server,
                                                candidate_server, served, top_tokens, other_order)
core::Json measure_job(const core::Json& request, engine::JobContext& context);

// "quality.agreement": a MeasureRequest with `served`; returns record::ServedMeasurement. Both models on the first of
// the gate's texts, by the engine and by their servers. An input error where a server is not the model that it is
// said to be: the original's is further from the engine than 16 bits explain, one is much nearer to the other model
// than to its own, or both give the same numbers to the last digit.
core::Json agreement_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quality

// What stage A hands on: the calibration set, the artefact, checks of the traffic, and a training mixture. The rules of
// payload.h hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/payload/usage.h"

namespace scale::record {

// One cell of the traffic. Quotas go by format × script × length; topics are covered within them and shown apart.
struct Stratum {
    std::string format;
    std::string topic;
    std::string length;
    int traffic = 0;  // distinct requests of the log in it
    int samples = 0;  // of the calibration set
    int holdout = 0;  // kept for the gate
    std::string script;
    std::uint64_t tokens = 0;  // of its samples
    double nearness = 0;       // mean cosine of its requests to the sample that is most like each
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Stratum, format, topic, length, traffic, samples, holdout, script,
                                                tokens, nearness)

// How much of a layer's outlier input channels a calibration set reaches (calibration/channels/channel_cover.h).
struct LayerChannels {
    std::string layer;    // the first weight that reads the input
    int channels = 0;     // outlier channels
    double coverage = 0;  // share of their energy that the set reaches, 0…1
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LayerChannels, layer, channels, coverage)

struct ChannelCoverage {
    std::string mode;                  // "report" or "cover"; "" where it was not measured
    int pool_samples = 0;              // candidates that the original ran
    std::uint64_t tokens = 0;          // of them that it read
    int tokens_per_sample = 0;         // read of each, at most
    int layers = 0;                    // distinct inputs
    double coverage = 0;               // mean over the layers
    double by_topics = 0;              // of the samples that topics alone would choose; equal where mode is "report"
    double random = 0;                 // mean of 20 draws of as many candidates by the same quotas
    std::vector<LayerChannels> worst;  // at most 5
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ChannelCoverage, mode, pool_samples, tokens, tokens_per_sample, layers,
                                                coverage, by_topics, random, worst)

struct CalibrationSet {
    std::string set_sha256;      // object: JSON lines, see calibration/calibration_set.h
    std::string holdout_sha256;  // object of the same form; only the gate reads it
    int samples = 0;
    std::uint64_t tokens = 0;
    int holdout_samples = 0;
    std::uint64_t holdout_tokens = 0;
    std::string created_at;
    std::string expires_at;
    std::string log_sha256;
    std::uint64_t log_lines = 0;
    std::uint64_t log_requests = 0;  // usable
    std::uint64_t log_duplicates = 0;
    std::uint64_t log_broken = 0;              // lines that could not be used
    std::vector<std::string> broken_examples;  // "line 17: not valid JSON (…)", the first few
    double coverage = 0;                       // share of the distinct traffic whose stratum has a sample
    double total_variation = 0;                // distance between the strata shares of traffic and set, 0…1
    std::vector<Stratum> strata;
    std::uint64_t seed = 0;
    std::string canary_sha256;  // object of the same form; read by neither calibration nor gate; "" for a small log
    int canary_samples = 0;
    std::uint64_t canary_tokens = 0;
    std::string profile_sha256;                    // object: what the traffic looked like, for scale assemble --check
    std::string source;                            // "requests", "gateway", "prompts" or "chats"
    std::uint64_t log_distinct = 0;                // distinct requests; estimated where log_kept is smaller
    std::uint64_t log_kept = 0;                    // distinct requests that were held, a uniform sample of them
    std::uint64_t near_duplicates = 0;             // kept requests that are nearly the text of another
    std::map<std::string, std::uint64_t> dropped;  // usable requests left out, by reason
    std::map<std::string, std::uint64_t> redactions;  // replaced values in the whole log, by kind
    bool redacted = false;
    std::uint64_t samples_cut = 0;  // samples and held-out texts cut at the token limit
    std::uint64_t own_answers = 0;  // samples whose answer this pass generated with the original
    double nearness = 0;            // mean cosine of the traffic to the sample most like each request
    double random_nearness = 0;     // the same for as many requests drawn at random
    ChannelCoverage channels;
    std::string channels_sha256;             // object: the coverage of every layer
    std::vector<int> holdout_conversations;  // a number for each held-out sample; equal ones share a conversation
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CalibrationSet, set_sha256, holdout_sha256, samples, tokens,
                                                holdout_samples, holdout_tokens, created_at, expires_at, log_sha256,
                                                log_lines, log_requests, log_duplicates, log_broken, broken_examples,
                                                coverage, total_variation, strata, seed, canary_sha256, canary_samples,
                                                canary_tokens, profile_sha256, source, log_distinct, log_kept,
                                                near_duplicates, dropped, redactions, redacted, samples_cut,
                                                own_answers, nearness, random_nearness, channels, channels_sha256,
                                                holdout_conversations, took)

// One comparison of new traffic with the traffic that a calibration set was drawn from.
struct DriftTest {
    std::string name;  // "format", "script", "length", "topic", "system prompt", "content", "activation", "shadow KL"
    double statistic = 0;  // population stability index; for "content" the distance of the mean features; for the last
                           // two the rate on live requests over the rate on held-out ones
    double threshold = 0;  // what unchanged traffic exceeds with the probability alpha, by permutation
    double p = 1;          // measured by permutation of whole conversations
    double effect = 0;     // total variation of the shares, less what noise alone gives; 0…1; for the last two the
                           // relative rise
    std::string moved;     // what moved most, "topic 'card, lost': 4.1 % to 22.0 %"
    bool drifted = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DriftTest, name, statistic, threshold, p, effect, moved, drifted)

// scale assemble --check: whether the set still stands for the traffic.
struct TrafficCheck {
    std::string log_sha256;
    std::uint64_t requests = 0;       // usable ones of the new log
    std::uint64_t conversations = 0;  // what is permuted
    std::string verdict;              // "keep", "refresh" or "inconclusive"
    std::string sentence;
    double alpha = 0;  // false alarms of one whole check, at most
    std::vector<DriftTest> tests;
    std::uint64_t needed = 0;     // requests, for an inconclusive check
    bool look = false;            // inputs drifted, and the model does not suffer from it (verdict "keep")
    std::string artefact_sha256;  // whose shadow KL was measured; "" where only inputs were compared
    int live_samples = 0;         // requests of the new log that the models ran
    std::uint64_t live_tokens = 0;
    int held_out_samples = 0;  // that they were compared with
    std::uint64_t held_out_tokens = 0;
    // Of the gateway's own log: it was read when all that was admitted before stood in it; 0: of another log.
    std::int64_t live_until_ms = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TrafficCheck, log_sha256, requests, conversations, verdict, sentence,
                                                alpha, tests, needed, look, artefact_sha256, live_samples, live_tokens,
                                                held_out_samples, held_out_tokens, live_until_ms)

struct TensorCheck {
    std::string name;
    std::string type;
    std::uint64_t bytes = 0;
    double relative_error = 0;  // ‖W − Ŵ‖ / ‖W‖ over the whole tensor
    double cosine = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TensorCheck, name, type, bytes, relative_error, cosine)

// How far the activation statistics of the even samples are from those of the odd ones (quantize/examine/halves.h).
struct StatisticsStability {
    std::uint64_t samples = 0;  // 0: not measured
    int layers = 0;
    double median = 0;  // of the layers' differences; a layer's is the median over its channels, relative
    double worst = 0;
    std::string worst_layer;
    double error = 0;          // estimated of the whole set's statistics, the median layer: half the difference
    int unstable = 0;          // layers whose difference is not below the limit
    double limit = 0;          // 0.05
    std::uint64_t needed = 0;  // samples, estimated, for every layer to be below; 0 where all are
    std::map<std::string, double> by_layer;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StatisticsStability, samples, layers, median, worst, worst_layer, error,
                                                unstable, limit, needed, by_layer)

// A Hugging Face folder made for a GPU server. Its integers, decoded, are the weights of the artefact's own file, which
// the engine runs and the gate judges.
struct Checkpoint {
    std::string folder;          // relative to the pass folder; "" where there is none
    std::string format;          // "gptq", "awq", "w4a16", "w4a16-asym" or "w8a8"
    int group = 0;               // input columns that share a scale; 0: the whole row
    std::uint64_t bytes = 0;     // of its weights' files
    double bits_per_weight = 0;  // those bytes over parameters
    std::uint64_t compared = 0;  // weights of it that were read back, decoded, and equal to those of the file
    std::string source_sha256;   // over names and digests of the files of the original's folder
    std::map<std::string, std::string> files;  // SHA-256 by name
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Checkpoint, folder, format, group, bytes, bits_per_weight, compared,
                                                source_sha256, files)

struct Artefact {
    std::string sha256;
    std::string path;  // relative to the pass folder
    std::uint64_t bytes = 0;
    std::string type;
    double bits_per_weight = 0;
    std::string original_sha256;
    std::string statistics_sha256;  // object: the activation statistics it was made with
    std::uint64_t statistics_tokens = 0;
    std::string method;              // "llama.cpp stock rounding with activation statistics"
    std::string rounding;            // "stock", "refined", "tuned" or "imported" ("" in older records)
    std::string allocation;          // of types: "searched", "pinned" by a plan, or "stock" ("" in older records)
    std::string plan_sha256;         // object: the type of every tensor, quantize/allocation/plan.h
    std::string budget;              // what set the size: "Q4_K_M", "120 MiB", "4.2 bits per weight" or "a plan"
    std::uint64_t budget_bytes = 0;  // of the file, at most
    std::string because;             // a person's reason to leave the size that the decision names, else ""
    std::vector<TensorCheck> tensors;
    std::string prompt;     // the generation check
    std::string generated;  // what the artefact said
    std::string original_generated;
    std::vector<std::string> notes;   // what was unusual about the weights, the inputs or the fit; a sentence each
    std::string imported_sha256;      // of the trained file that it was packed from, "" where none was
    std::string import_proof_sha256;  // object: the comparison of every decoded weight with that file
    StatisticsStability stability;
    Checkpoint checkpoint;
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Artefact, sha256, path, bytes, type, bits_per_weight, original_sha256,
                                                statistics_sha256, statistics_tokens, method, rounding, allocation,
                                                plan_sha256, budget, budget_bytes, because, tensors, prompt, generated,
                                                original_generated, notes, imported_sha256, import_proof_sha256,
                                                stability, checkpoint, took)

// One source of a training mixture (quantisation-aware training).
struct MixturePart {
    std::string source;  // the pass's traffic, or a file as scale.toml names it
    std::string licence;
    std::string sha256;  // of the file
    std::uint64_t documents = 0;
    std::uint64_t tokens = 0;
    std::uint64_t overlapping = 0;  // documents removed: they share text with what the gate scores
    std::uint64_t duplicates = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MixturePart, source, licence, sha256, documents, tokens, overlapping,
                                                duplicates)

struct TrainingMixture {
    std::string mixture_sha256;  // object: JSON lines of {"source", "text"}
    std::vector<MixturePart> parts;
    std::uint64_t tokens = 0;         // of the mixture, once through
    std::uint64_t tokens_wanted = 0;  // that training is to see
    double epochs = 0;
    std::string reason;                // of tokens_wanted
    std::vector<std::string> against;  // what the mixture was decontaminated against
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TrainingMixture, mixture_sha256, parts, tokens, tokens_wanted, epochs,
                                                reason, against)

}  // namespace scale::record

// What the stages hand to each other, as it stands in the record. The stages meet only through these structs.
//
// Every struct is declared once; reading and writing derive from the declaration, and members missing in an older
// record take their defaults. Members are only added, never renamed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::record {

// Which model, machine, engine and traffic a pass is about. A changed part re-opens stage S.
struct Fingerprint {
    std::string model_sha256;
    std::string tokenizer_sha256;
    std::string template_sha256;
    std::string hardware_sha256;
    std::string engine;          // version and build key
    std::string traffic_sha256;  // of the log; "" where there is none yet
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Fingerprint, model_sha256, tokenizer_sha256, template_sha256,
                                                hardware_sha256, engine, traffic_sha256)

// A typical request of the traffic, as stated in scale.toml.
struct Workload {
    int prompt_tokens = 256;
    int completion_tokens = 64;
    int concurrency = 4;
    int context = 2048;           // tokens per sequence
    std::string kv_type = "f16";  // of keys and values in the cache, as llama-server names it
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Workload, prompt_tokens, completion_tokens, concurrency, context,
                                                kv_type)

// A measured figure: the median of `rounds` repetitions and their range.
struct Measured {
    double median = 0;
    double low = 0;
    double high = 0;
    int rounds = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Measured, median, low, high, rounds)

// Tokens per second, measured on this machine.
struct Speed {
    Measured prefill;       // one prompt of the workload's length
    Measured decode;        // one sequence
    Measured batch_decode;  // all `concurrency` sequences together, summed
    int concurrency = 1;
    int threads = 1;
    // Seconds that one request of the workload occupies the machine at full concurrency:
    // prompt_tokens / prefill + completion_tokens / batch_decode.
    double seconds_per_request = 0;
    double requests_per_minute = 0;
    Measured rate;  // requests a minute, one figure a round
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Speed, prefill, decode, batch_decode, concurrency, threads,
                                                seconds_per_request, requests_per_minute, rate)

// Bytes as the engine allocates them for the workload's context and concurrency.
struct Memory {
    std::uint64_t weights = 0;
    std::uint64_t kv_cache = 0;
    std::uint64_t compute = 0;
    std::uint64_t total() const { return weights + kv_cache + compute; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Memory, weights, kv_cache, compute)

struct Constraint {
    std::string kind;      // "memory", "throughput" or "cost"
    std::string sentence;  // the one sentence, with the measured numbers in it
    core::Json target;     // the [constraint] table of scale.toml
    Workload workload;
    Memory memory;                        // of the original
    Speed speed;                          // of the original
    double price_per_million_tokens = 0;  // at the stated price_per_hour; 0 where none is stated
    std::string because;                  // the reason of an override, "" where none was needed
    std::string stakes;                   // "normal" or "low"
    std::string stakes_reason;
    std::string hardware;  // a line for people
    std::string model_path;
    std::uint64_t model_bytes = 0;
    std::int64_t model_modified = 0;  // last change of the file, nanoseconds since 1970; a hint that spares a hash
    Fingerprint fingerprint;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Constraint, kind, sentence, target, workload, memory, speed,
                                                price_per_million_tokens, because, stakes, stakes_reason, hardware,
                                                model_path, model_bytes, model_modified, fingerprint)

// One row of the table of stage C.
struct Candidate {
    std::string name;            // "Q4_K_M"
    std::string target;          // deployment it belongs to: "llama.cpp", "vllm"
    double nominal_bits = 0;     // what the name promises
    double bits_per_weight = 0;  // true, file bits over parameters, after fallbacks; 0 where not computed
    std::uint64_t bytes = 0;     // true file size after fallbacks; 0 where not computed
    int fallback_tensors = 0;    // tensors whose row length the named type cannot hold
    Memory memory;               // for the workload
    double kl_estimate = 0;      // nats per token
    double kl_low = 0;           // ± one standard deviation of the prior
    double kl_high = 0;
    std::string kl_source;  // "estimated (…)"
    bool trialled = false;  // speed below was measured here
    Speed speed;
    Measured speedup;          // original's seconds_per_request over this one's, paired by round
    std::string speed_source;  // "measured (…)" or "documented (…)" or ""
    bool eligible = false;
    bool chosen = false;
    std::string rule;    // the rule that decided
    std::string reason;  // one sentence for people: why it won or lost
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Candidate, name, target, nominal_bits, bits_per_weight, bytes,
                                                fallback_tensors, memory, kl_estimate, kl_low, kl_high, kl_source,
                                                trialled, speed, speedup, speed_source, eligible, chosen, rule, reason)

struct Decision {
    std::string type;    // the chosen candidate's name
    std::string format;  // "GGUF"
    std::string rule;    // identifier of the rule that decided
    std::string reason;
    std::string because;  // a person's reason for pinning the type, "" where the rules decided
    std::string qat_plan_sha256;
    Speed original_speed;
    std::string trial;  // how the kernel trial was made: "whole model, 3 interleaved rounds"
    std::vector<Candidate> candidates;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Decision, type, format, rule, reason, because, qat_plan_sha256,
                                                original_speed, trial, candidates)

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
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CalibrationSet, set_sha256, holdout_sha256, samples, tokens,
                                                holdout_samples, holdout_tokens, created_at, expires_at, log_sha256,
                                                log_lines, log_requests, log_duplicates, log_broken, broken_examples,
                                                coverage, total_variation, strata, seed, canary_sha256, canary_samples,
                                                canary_tokens, profile_sha256, source, log_distinct, log_kept,
                                                near_duplicates, dropped, redactions, redacted, samples_cut,
                                                own_answers, nearness, random_nearness, channels, channels_sha256,
                                                holdout_conversations)

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
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TrafficCheck, log_sha256, requests, conversations, verdict, sentence,
                                                alpha, tests, needed, look, artefact_sha256, live_samples, live_tokens,
                                                held_out_samples, held_out_tokens)

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
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Artefact, sha256, path, bytes, type, bits_per_weight, original_sha256,
                                                statistics_sha256, statistics_tokens, method, allocation, plan_sha256,
                                                budget, budget_bytes, because, tensors, prompt, generated,
                                                original_generated, notes, imported_sha256, import_proof_sha256,
                                                stability)

// Which task suites are scored, and by which rules. Part of the budget: other rules after a result are another draw.
struct SuiteSettings {
    std::vector<std::string> suites = {"reasoning", "instructions", "long_context", "consistency", "json"};
    std::string mode = "auto";                 // "likelihood", "generation", or "auto": a pilot of the original decides
    int pilot_items = 24;                      // per suite, of another seed than the scored ones
    int answer_tokens = 256;                   // of a generated answer, at most
    std::string instruction_rules = "fixed";   // or "compat": IFEval's checkers with their known defects
    std::string instruction_score = "strict";  // or "loose"
    std::string number_extraction = "flexible";  // of GSM8K's answers, or "strict"
    std::string ifeval;  // paths of public sets, relative to scale.toml; "" leaves the suite out
    std::string gsm8k;
    std::string lambada;
    std::string piqa;
    std::string hellaswag;
    bool operator==(const SuiteSettings&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SuiteSettings, suites, mode, pilot_items, answer_tokens,
                                                instruction_rules, instruction_score, number_extraction, ifeval, gsm8k,
                                                lambada, piqa, hellaswag)

// A suite that another program ran on both models (lm-evaluation-harness); what counts of it is declared beforehand.
struct ImportedSuite {
    std::string task;
    std::string metric;
    std::string filter;    // "none" where the task has one
    double margin = 0;     // in the metric's unit; percentage points where its values are shares
    bool smaller = false;  // is better
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ImportedSuite, task, metric, filter, margin, smaller)

// The bar, declared before any result exists. Margins are losses that are still acceptable.
struct Budget {
    double alpha = 0.05;                      // one-sided error rate of every comparison
    double points = 1.0;                      // margin on the mean of all task items, percentage points
    std::map<std::string, double> suites;     // margin per task suite, percentage points
    double likelihood_nats = 0.02;            // margin on gold-answer loss where accuracy has no power, nats per token
    double kl_mean = 0.02;                    // upper limit, nats per token
    double top1_agreement = 0.95;             // lower limit, share of tokens
    double perplexity_ratio = 1.02;           // upper limit, candidate over original
    int items = 300;                          // per suite
    std::uint64_t kl_tokens = 8192;           // scored tokens of held-out traffic
    int context = 1024;                       // longest prompt of the long-context suite, tokens
    std::uint64_t seed = 1;                   // of the generated items
    SuiteSettings scoring;                    // [quality] of scale.toml
    double kl_p99 = 0;                        // upper limit of the 99th percentile over tokens, nats; 0: not judged
    double kl_p999 = 0;                       // of the 99.9th
    double rms_dp = 0;                        // upper limit of √mean((p − q)²), p and q of the token that followed
    std::string slices = "watch";             // per stratum: "off", "watch" (may only fail) or "require" (must pass)
    double slice_factor = 2;                  // a slice's limits are this many times those of the whole
    int looks = 1;                            // at most so many, while the verdict is INCONCLUSIVE
    int items_cap = 0;                        // per suite at the last look
    std::string spending = "obrien_fleming";  // of alpha over the looks
    double length_ratio = 1.15;               // of generated answers, candidate over original, either way
    double behaviour_points = 2;  // more answers cut at the limit, repetitive or refusing; percentage points
    std::vector<ImportedSuite> imports;
    // What the results depend on, fixed with the margins. "" in records of older programs.
    std::string items_sha256;     // object: the items of the last look, in the order in which they are taken
    std::string baseline_sha256;  // the original's file
    std::string template_sha256;  // its chat template
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Budget, alpha, points, suites, likelihood_nats, kl_mean, top1_agreement,
                                                perplexity_ratio, items, kl_tokens, context, seed, scoring, kl_p99,
                                                kl_p999, rms_dp, slices, slice_factor, looks, items_cap, spending,
                                                length_ratio, behaviour_points, imports, items_sha256, baseline_sha256,
                                                template_sha256)

struct GateStarted {
    std::string artefact_sha256;
    std::string budget;        // hash of the budget's entry
    std::string items_sha256;  // of the generated items
    std::string baseline_sha256;
    std::string held_out_sha256;
    std::string measured_with;  // "": this machine's engine; or the endpoints that answered
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GateStarted, artefact_sha256, budget, items_sha256, baseline_sha256,
                                                held_out_sha256, measured_with)

// One comparison of the gate.
struct GateCheck {
    std::string name;      // "reasoning", "kl_mean", …
    std::string category;  // "distribution", "reasoning", "instructions", "long_context", "consistency", "overall"
    std::string endpoint;  // "accuracy", "gold_loss", "kl_mean", "top1_agreement", "perplexity_ratio"
    std::string method;    // "Tango score, one-sided 95 %"
    int n = 0;             // items or tokens
    int clusters = 0;      // independent units
    double original = 0;
    double candidate = 0;
    double difference = 0;   // loss; positive is worse
    double upper = 0;        // one-sided upper limit of the loss
    double margin = 0;       // the budget
    int base_only = 0;       // original right, candidate wrong
    int candidate_only = 0;  // the reverse
    double chance = 0;
    std::string result;    // "PASS", "FAIL", "INCONCLUSIVE" or "NO POWER"
    int items_needed = 0;  // INCONCLUSIVE: the n at which the observed loss would pass; 0 unknown
    std::string note;
    double level = 0;      // one-sided error rate that this comparison was made at
    double reachable = 0;  // the smallest margin that so many units show with power 0.8 if nothing is lost; 0 unknown
    double noise = 0;      // the same loss of the original against itself; 0 none seen or not measured
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GateCheck, name, category, endpoint, method, n, clusters, original,
                                                candidate, difference, upper, margin, base_only, candidate_only, chance,
                                                result, items_needed, note, level, reachable, noise)

// One look of a gate at the data so far.
struct GateLook {
    int look = 1;
    int items = 0;             // per suite
    std::uint64_t tokens = 0;  // of held-out traffic
    double fraction = 1;       // of the last look's
    double level = 0;          // one-sided, of every comparison of this look
    double spent = 0;          // of alpha, this look included
    std::string verdict;
    std::string undecided;  // checks that called for the next look
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GateLook, look, items, tokens, fraction, level, spent, verdict,
                                                undecided)

// The original measured against itself with other settings (A/A): what the measurement itself moves.
struct NoiseFloor {
    std::string how;  // "batch 64 and 2 threads against batch 512 and 1"; "" where it was not measured
    int tokens = 0;
    int items = 0;
    double kl_mean = 0;         // nats
    double kl_max = 0;          // of one token
    double disagreement = 0;    // share of tokens whose most likely token differs
    double log_perplexity = 0;  // nats per token, absolute
    double rms_dp = 0;
    int flips = 0;                // items answered otherwise
    double accuracy_change = 0;   // of the expected accuracy, upper limit of its absolute value
    double gold_loss_change = 0;  // nats, likewise
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(NoiseFloor, how, tokens, items, kl_mean, kl_max, disagreement,
                                                log_perplexity, rms_dp, flips, accuracy_change, gold_loss_change)

struct Verdict {
    std::string verdict;  // "PASS", "FAIL" or "INCONCLUSIVE"
    std::string sentence;
    std::string artefact_sha256;
    std::string gate_started;         // hash of that entry
    std::string measurements_sha256;  // object: per-item results of both models
    bool compressed = false;          // a low-stakes pass with fewer suites
    std::vector<GateCheck> checks;
    core::Json worst;  // worst regressions: text, token, probabilities
    double seconds = 0;
    std::vector<GateLook> looks;
    NoiseFloor noise;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Verdict, verdict, sentence, artefact_sha256, gate_started,
                                                measurements_sha256, compressed, checks, worst, seconds, looks, noise)

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

// The gate of a checkpoint during training. It never opens a rollout; it says whether training should go on.
struct CheckpointGate {
    int percent = 0;  // of training: 10, 30 or 100
    std::string path;
    std::string sha256;    // of the checkpoint
    std::string budget;    // hash of its entry
    std::string decision;  // "continue", "stop" or "finish"
    std::string sentence;
    std::string measurements_sha256;
    std::vector<GateCheck> checks;
    NoiseFloor noise;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CheckpointGate, percent, path, sha256, budget, decision, sentence,
                                                measurements_sha256, checks, noise)

// The original's weights, kept by content for a rollback.
struct Archived {
    std::string original_sha256;
    std::uint64_t bytes = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Archived, original_sha256, bytes)

}  // namespace scale::record

// What stage L hands on: the bar, the run of a gate and its verdict. The rules of payload.h hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/payload/usage.h"

namespace scale::record {

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
    std::string distribution = "engine";  // or "servers": what the gate reads log probabilities from
    int top_tokens = 20;                  // servers: the most likely ones asked for at every place; 0: all of them
    bool operator==(const SuiteSettings&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SuiteSettings, suites, mode, pilot_items, answer_tokens,
                                                instruction_rules, instruction_score, number_extraction, ifeval, gsm8k,
                                                lambada, piqa, hellaswag, distribution, top_tokens)

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
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Budget, alpha, points, suites, likelihood_nats, kl_mean, top1_agreement,
                                                perplexity_ratio, items, kl_tokens, context, seed, scoring, kl_p99,
                                                kl_p999, rms_dp, slices, slice_factor, looks, items_cap, spending,
                                                length_ratio, behaviour_points, imports, items_sha256, baseline_sha256,
                                                template_sha256, took)

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

// Servers whose log probabilities a gate judged, and how near they are to the engine: mean |Δ log p| of the tokens of
// some held-out texts, nats, measured before anything was judged.
struct ServedMeasurement {
    std::string original;   // "http://host:8000/v1, model m, vllm 0.32.0"; "" where the engine measured
    std::string candidate;
    int top_tokens = 0;     // known of every place, beside the token that stands there
    bool whole = false;     // those are the vocabulary: the divergence is exact, else a lower bound
    int texts = 0;          // of the comparison with the engine
    int tokens = 0;
    double original_off = 0;   // the original's server from the engine on the original
    double candidate_off = 0;  // the candidate's from the engine on the candidate
    double between = 0;        // the engine on the candidate from the engine on the original
    double limit = 0;          // on original_off
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ServedMeasurement, original, candidate, top_tokens, whole, texts,
                                                tokens, original_off, candidate_off, between, limit)

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
    ServedMeasurement served;
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Verdict, verdict, sentence, artefact_sha256, gate_started,
                                                measurements_sha256, compressed, checks, worst, seconds, looks, noise,
                                                served, took)

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
    ServedMeasurement served;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CheckpointGate, percent, path, sha256, budget, decision, sentence,
                                                measurements_sha256, checks, noise, served)

}  // namespace scale::record

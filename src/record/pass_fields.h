// The keys of scale.toml, declared once: reading, the list of known keys and the commented template all derive from
// here.
//
// A visitor offers section(name, comment), field(key, value, comment) for every type used below, and
// table(name, map, known_keys, comment).
#pragma once

#include "record/pass_file.h"

namespace scale::record {

inline const std::vector<std::string>& suite_names() {
    static const std::vector<std::string> names{"reasoning", "instructions", "long_context", "consistency",
                                                "json",      "ifeval",       "gsm8k",        "lambada",
                                                "piqa",      "hellaswag"};
    return names;
}

// Those made from a seed; the others need a file.
inline std::vector<std::string> generated_suite_names() {
    return {suite_names().begin(), suite_names().begin() + 5};
}

template <typename Visitor>
void visit_pass_file(PassFile& file, Visitor& visit) {
    visit.section("model", "The original, as it is served today.");
    visit.field("path", file.model.path, "GGUF file or Hugging Face folder, relative to this one");
    visit.field("stakes", file.model.stakes,
                "\"normal\", or \"low\": compresses stages L and E, and the record says so for ever");
    visit.field("stakes_reason", file.model.stakes_reason, "needed with stakes = \"low\"");

    visit.section("constraint", "S: what is to be relieved. One kind; its target must be stated.");
    visit.field("kind", file.constraint.kind,
                "\"memory\", \"throughput\", \"cost\", or \"measure\": the measurement names it");
    visit.field("memory_mib", file.constraint.memory_mib,
                "memory: what weights, KV cache and compute buffers may take");
    visit.field("requests_per_minute", file.constraint.requests_per_minute,
                "throughput: the rate this machine has to serve");
    visit.field("price_per_hour", file.constraint.price_per_hour, "cost: what the machine costs, in your currency");
    visit.field("price_per_million_tokens", file.constraint.price_per_million_tokens,
                "cost: the target, prompt and completion tokens together");
    visit.field("prompt_tokens", file.constraint.workload.prompt_tokens, "a typical request");
    visit.field("completion_tokens", file.constraint.workload.completion_tokens, "");
    visit.field("concurrency", file.constraint.workload.concurrency, "requests served at once");

    visit.section("deploy", "Where it will run. Measurements are made on this machine.");
    visit.field("target", file.deploy.target,
                "\"llama.cpp\", or \"vllm\": a checkpoint for GPU servers; needs a folder as path in [model]");
    visit.field("threads", file.deploy.threads, "0: all cores");
    visit.field("context", file.deploy.context, "tokens per request, prompt and completion");
    visit.field(
        "kv_type", file.deploy.kv_type,
        "keys and values in the cache: \"f16\", \"q8_0\", \"q5_1\", \"q5_0\", \"q4_1\", \"q4_0\" or \"iq4_nl\"");
    visit.field("hardware", file.deploy.hardware,
                "vllm: \"turing\", \"ampere\", \"ada\", \"hopper\", \"blackwell\", \"amd\", \"x86-avx512\", \"x86\" or "
                "\"arm\"");
    visit.field("tensor_parallel", file.deploy.tensor_parallel, "vllm: devices that share every layer");

    visit.section("choice", "C: precision and format. The rules decide; a pinned type needs a reason.");
    visit.field("quality", file.choice.quality,
                "\"balanced\" (4 bits by default) or \"paramount\" (INT8 where memory allows)");
    visit.field("type", file.choice.type, "pins a candidate, such as \"Q5_K_M\"");
    visit.field("type_reason", file.choice.type_reason, "needed with type");
    visit.field("qat_plan", file.choice.qat_plan, "an accepted plan unlocks candidates below 4 bits");
    visit.field("trial_rounds", file.choice.trial_rounds, "interleaved rounds of the kernel trial");

    visit.section("traffic", "Real requests: OpenAI-style JSON lines, the gateway's log, prompts or chats.");
    visit.field("log", file.traffic.log, "a file, or the gateway's folder .scale/rollout/log");
    visit.field("format", file.traffic.format, "\"auto\", \"requests\", \"gateway\", \"prompts\" or \"chats\"");
    visit.field("redact", file.traffic.redact, "replaces personal data and secrets before anything is stored");

    visit.section("calibration", "A: samples chosen from the traffic.");
    visit.field("samples", file.calibration.samples, "128 to 512");
    visit.field("expires_days", file.calibration.expires_days, "after that the set must be assembled again");
    visit.field("max_tokens", file.calibration.max_tokens, "a longer sample is cut there; 0: at the deployed context");
    visit.field("holdout", file.calibration.holdout, "share of the traffic that only the gate sees");
    visit.field("canary", file.calibration.canary, "share that neither calibration nor gate sees");
    visit.field("answers", file.calibration.answers,
                "\"log\", or \"generate\": the original answers what was logged without an answer");
    visit.field("answer_tokens", file.calibration.answer_tokens, "of a generated answer, at most");
    visit.field("channels", file.calibration.channels,
                "outlier input channels that the set reaches: \"report\", \"cover\" (samples are chosen by it too) or "
                "\"off\"; the first two run the original on twice the samples");
    visit.field("evaluation", file.calibration.evaluation,
                "files of evaluation sets; no sample may share a run of words with them");
    visit.field(
        "rounding", file.calibration.rounding,
        "\"refined\" (error feedback where better on held-out inputs), \"tuned\" (then trained to predict as the "
        "original, which takes many times as long) or \"stock\" (llama.cpp's)");
    visit.field("allocation", file.calibration.allocation,
                "\"searched\" (types per tensor within the bytes of the chosen mix) or \"stock\" (the mix itself)");
    visit.field("seed", file.calibration.seed, "");

    visit.section("budget", "L: the bar, declared by `scale lock --declare` before any result exists.");
    visit.field("alpha", file.budget.alpha, "one-sided error rate of every comparison");
    visit.field("points", file.budget.points, "acceptable loss over all task items, percentage points");
    visit.field("likelihood_nats", file.budget.likelihood_nats, "acceptable rise of the gold answers' loss, nats");
    visit.field("kl_mean", file.budget.kl_mean, "mean KL divergence on held-out traffic, nats per token, at most");
    visit.field("top1_agreement", file.budget.top1_agreement, "share of tokens with the same first choice, at least");
    visit.field("perplexity_ratio", file.budget.perplexity_ratio, "candidate over original, at most");
    visit.field("items", file.budget.items, "per task suite");
    visit.field("kl_tokens", file.budget.kl_tokens, "scored tokens of held-out traffic");
    visit.field("context", file.budget.context, "longest prompt of the long-context suite, tokens");
    visit.field("seed", file.budget.seed, "of the generated items");
    visit.field("kl_p99", file.budget.kl_p99, "99th percentile of the KL divergence, at most; 0: 15 times kl_mean");
    visit.field("kl_p999", file.budget.kl_p999, "99.9th percentile, at most; 0: 60 times kl_mean");
    visit.field("rms_dp", file.budget.rms_dp,
                "root mean square change of a token's probability, at most; 0: 0.4 times the root of kl_mean");
    visit.field("slices", file.budget.slices,
                "per stratum of the traffic: \"watch\" (may only fail), \"require\" (must pass) or \"off\"");
    visit.field("slice_factor", file.budget.slice_factor, "a slice may lose this many times what the whole may");
    visit.field("looks", file.budget.looks,
                "at the data, at most; after each but the last, items are added if undecided");
    visit.field("items_cap", file.budget.items_cap, "per task suite at the last look; 0: twice items");
    visit.field("spending", file.budget.spending, "of alpha over the looks: \"obrien_fleming\" or \"even\"");
    visit.field("length_ratio", file.budget.length_ratio, "length of generated answers to the original's, either way");
    visit.field("behaviour_points", file.budget.behaviour_points,
                "more answers cut off, repeating or refusing, at most; percentage points");
    visit.table("budget.suites", file.budget.suites, suite_names(),
                "acceptable loss per task suite, percentage points");

    visit.section("quality", "L: which suites, and how they are scored. Declared with the budget.");
    SuiteSettings& scoring = file.budget.scoring;
    visit.field("suites", scoring.suites, "generated from the seed; no model has seen them");
    visit.field("mode", scoring.mode,
                "\"likelihood\" (forced choice; for small models), \"generation\" (written answers), or \"auto\": "
                "what the original shows itself capable of on a pilot");
    visit.field("pilot_items", scoring.pilot_items, "of the pilot, per suite");
    visit.field("answer_tokens", scoring.answer_tokens, "of a written answer, at most");
    visit.field("instruction_rules", scoring.instruction_rules,
                "\"fixed\", or \"compat\": IFEval's checkers with their known defects");
    visit.field("instruction_score", scoring.instruction_score, "\"strict\" or \"loose\"");
    visit.field("number_extraction", scoring.number_extraction,
                "of a written number: \"flexible\" (the last one) or \"strict\" (after ####)");
    visit.field("ifeval", scoring.ifeval, "IFEval's input_data.jsonl; a path adds the suite");
    visit.field("gsm8k", scoring.gsm8k, "GSM8K's test.jsonl");
    visit.field("lambada", scoring.lambada, "LAMBADA as JSON lines with \"text\"");
    visit.field("piqa", scoring.piqa, "PIQA's valid.jsonl, with valid-labels.lst beside it");
    visit.field("hellaswag", scoring.hellaswag, "HellaSwag's JSON lines, or llama.cpp's text form");
    visit.field("distribution", scoring.distribution,
                "log probabilities of held-out texts and forced choices: \"engine\" (on the decoded weights) or "
                "\"servers\" (of original_url and candidate_url, as they are served; vLLM gives them)");
    visit.field("top_tokens", scoring.top_tokens,
                "servers: the most likely tokens asked for at every place; the divergence is then a lower bound, which "
                "can only fail. 0: the whole vocabulary, exact");
    visit.field("method", file.quality.method,
                "\"ptq\", or \"qat\": A gathers a training mixture, L gates checkpoints at 10, 30 and 100 %");
    visit.field("mixture", file.quality.mixture, "qat: files to train on, beside the traffic");
    visit.field("licences", file.quality.licences, "qat: the licence of each, in order");
    visit.field("mixture_tokens", file.quality.mixture_tokens, "qat: that training sees; 0: by the plan's rule");
    visit.field("mixture_reason", file.quality.mixture_reason, "needed with mixture_tokens");
    visit.field("lm_eval_original", file.quality.lm_eval_original,
                "folder of lm-evaluation-harness with samples_*.jsonl of the original");
    visit.field("lm_eval_candidate", file.quality.lm_eval_candidate, "");
    visit.field("lm_eval", file.quality.lm_eval, "what counts of them: \"task metric filter margin\" each");
    visit.field("original_url", file.quality.original_url,
                "a running OpenAI-compatible server of the original, for written answers and distribution; with "
                "candidate_url");
    visit.field("candidate_url", file.quality.candidate_url, "");
    visit.field("original_model", file.quality.original_model, "name to ask it by; \"\": the first that it lists");
    visit.field("candidate_model", file.quality.candidate_model, "");
    visit.field("key_variable", file.quality.key_variable, "environment variable with the servers' API key");

    visit.section("rollout", "E: a slice of the users gets the candidate, behind a flag.");
    visit.field("flag", file.rollout.flag, "names the experiment; another name draws the users anew");
    visit.field("listen", file.rollout.listen, "address of the gateway");
    visit.field("steps", file.rollout.steps, "users on the candidate, parts per million");
    visit.field("original_url", file.rollout.original_url, "an OpenAI-compatible server; empty starts a llama-server");
    visit.field("candidate_url", file.rollout.candidate_url, "");
    visit.field("alpha", file.rollout.alpha, "false rollbacks, all guardrails together");
    visit.field("beta", file.rollout.beta, "false promotions, each guardrail");
    visit.field("harm_ratio", file.rollout.harm_ratio, "harm: bad events beyond this ratio to the original's");
    visit.field("safe_ratio", file.rollout.safe_ratio, "safe: bad events proved below this ratio");
    visit.field("latency_margin", file.rollout.latency_margin, "tolerated relative rise of latency");
    visit.field("guardrails", file.rollout.guardrails,
                "bad events, by feedback name; server_error is seen by the gateway");
    visit.field("min_step_seconds", file.rollout.min_step_seconds, "a step lasts at least that long");
    visit.field("min_step_users", file.rollout.min_step_users, "and until that many users had the candidate");
    visit.field("deadline_hours", file.rollout.deadline_hours, "still undecided then: the share is held");
    visit.field("parallel", file.rollout.parallel, "slots of each llama-server");
    visit.field("durability", file.rollout.durability,
                "\"relaxed\", or \"strict\": an answer ends once its log records are on the disk");
    visit.field("workers", file.rollout.workers, "threads of the gateway; 0: one for each core");
    visit.field("api_keys", file.rollout.api_keys,
                "a file with one key a line, for clients; needed to listen beyond this machine");
    visit.field("live_hosts", file.rollout.live_hosts,
                "host names of the live page beyond this machine; a proxy with TLS stands in front");
    visit.field("tls_certificate", file.rollout.tls_certificate,
                "PEM file of the gateway's certificate and its chain; empty: plain HTTP");
    visit.field("tls_key", file.rollout.tls_key, "PEM file of its private key, for its owner's eyes alone");
    visit.field("tls_ca", file.rollout.tls_ca,
                "PEM file of the authorities that https:// servers are checked against; empty: the system's");
    visit.field("tls_verify", file.rollout.tls_verify, "checks the certificates of https:// servers");
    visit.field("client_ca", file.rollout.client_ca,
                "PEM file of the authorities whose certificates clients must show; with tls_certificate");
    visit.field("upstream_certificate", file.rollout.upstream_certificate,
                "PEM file of the certificate that the gateway shows to https:// servers, and its chain");
    visit.field("upstream_key", file.rollout.upstream_key, "PEM file of its private key, for its owner's eyes alone");
    visit.field("database", file.rollout.database,
                "PostgreSQL for several gateways of one rollout: \"host=… dbname=…\"; the password comes from a "
                "password file or PGPASSWORD");
    visit.field("lease_seconds", file.rollout.lease_seconds,
                "a gateway without the database for longer sends everybody to the original");
    visit.field("keep_log_days", file.rollout.keep_log_days,
                "closed segments of the gateway's log go once older, and read by a checkpoint and stage A; 0: never");
    visit.field("shadow_ppm", file.rollout.shadow_ppm,
                "copies of the original's requests for the candidate, parts per million; no client sees its answers");
    visit.field("shadow_open", file.rollout.shadow_open, "copies under way at once");
}

}  // namespace scale::record

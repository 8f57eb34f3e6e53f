// scale.toml: the declarative pass. Every key has a default but [model] path; unknown keys are errors that suggest the
// nearest known key, and every mistake of a file is reported at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/payload.h"

namespace scale::record {

struct ModelSection {
    std::string path;               // the original's GGUF file or Hugging Face folder, relative to scale.toml
    std::string stakes = "normal";  // "low" compresses stages L and E, with a reason
    std::string stakes_reason;
};

struct ConstraintSection {
    std::string kind = "measure";  // "memory", "throughput", "cost", or "measure" to let the measurement name it
    double memory_mib = 0;         // what weights, KV cache and compute buffers may take
    double requests_per_minute = 0;
    double price_per_hour = 0;            // of the machine
    double price_per_million_tokens = 0;  // prompt and completion tokens together
    Workload workload;                    // prompt_tokens, completion_tokens, concurrency
};

struct DeploySection {
    std::string target = "llama.cpp";
    int threads = 0;  // 0: all cores
    int context = 2048;
    std::string kv_type = "f16";  // of keys and values in the cache
    std::string hardware;         // vllm: what it serves on, one of vllm_hardware()
    int tensor_parallel = 1;      // vllm: devices that share every layer
};

// GPU generations and CPU instruction sets whose kernels differ (choice/kernels.h).
const std::vector<std::string>& vllm_hardware();

struct ChoiceSection {
    std::string quality = "balanced";  // "paramount": INT8 wherever memory allows
    std::string type;                  // a pinned candidate; needs type_reason
    std::string type_reason;
    std::string qat_plan;  // path of an accepted plan; unlocks candidates below 4 bits
    int trial_rounds = 3;
};

struct TrafficSection {
    std::string log = "traffic.jsonl";
    std::string format = "auto";  // "requests", "gateway", "prompts", "chats"
    bool redact = true;           // personal data and secrets are replaced before anything is stored
};

struct CalibrationSection {
    int samples = 256;  // 128–512
    int expires_days = 90;
    int max_tokens = 0;               // a longer sample is cut there; 0: the deployed context
    double holdout = 0.25;            // share of the log kept for the gate
    double canary = 0.05;             // share that neither calibration nor gate reads
    std::string answers = "log";      // "generate": the original answers requests whose answer was not logged
    int answer_tokens = 128;          // of a generated answer, at most
    std::string channels = "report";  // coverage of outlier channels: "off", or "cover": the set is chosen by it too
    std::vector<std::string> evaluation;  // files of evaluation sets that no sample may overlap with
    std::string rounding = "refined";     // "stock": llama.cpp's own rounding throughout
    std::string allocation = "searched";  // of types, within the bytes of the decision's mix; "stock": the mix itself
    std::uint64_t seed = 1;
};

struct QualitySection {
    std::string method = "ptq";         // "qat": stage A gathers a training mixture, stage L gates checkpoints
    std::vector<std::string> mixture;   // qat: text files (JSON lines with "text" or messages, or plain text)
    std::vector<std::string> licences;  // qat: of each, in order
    std::uint64_t mixture_tokens = 0;   // qat: that training sees; 0: by the plan's rule
    std::string mixture_reason;         // qat: needed with mixture_tokens
    // lm-evaluation-harness results of both models: folders with samples_*.jsonl.
    std::string lm_eval_original;
    std::string lm_eval_candidate;
    std::vector<std::string> lm_eval;  // "task metric filter margin", declared with the budget
    // OpenAI-compatible servers of both models, which then write the answers that suites ask for; "" for the engine.
    std::string original_url;
    std::string candidate_url;
    std::string original_model;  // the name in requests; "": the first that the server lists
    std::string candidate_model;
    std::string key_variable;  // environment variable that holds the servers' API key; "" sends none
};

struct RolloutSection {
    std::string flag = "candidate";
    std::string listen = "127.0.0.1:8080";
    std::vector<std::int64_t> steps = {50000, 100000, 250000, 500000};  // parts per million of the users
    std::string original_url;                                           // "" starts a llama-server
    std::string candidate_url;
    double alpha = 0.05;           // all harm tests together
    double beta = 0.05;            // safety test
    double harm_ratio = 1.0;       // H0 of the harm test: rate ratio at most this
    double safe_ratio = 1.25;      // H0 of the safety test: rate ratio at least this
    double latency_margin = 0.20;  // tolerated relative rise of time to first token and time per token
    std::vector<std::string> guardrails = {"thumbs_down", "escalation", "downstream_error", "server_error"};
    double min_step_seconds = 60;
    std::uint64_t min_step_users = 20;    // of the candidate, before the next step
    double deadline_hours = 168;          // undecided by then: the share is held, and the status says so
    int parallel = 4;                     // slots of each llama-server
    std::string durability = "relaxed";   // of the gateway's log; "strict": answers wait for the disk
    int workers = 0;                      // threads of the gateway; 0: one for each core
    std::string api_keys;                 // file of the keys that clients must show, one a line; "" asks for none
    std::vector<std::string> live_hosts;  // names that operators elsewhere reach the live page by; none: this machine
    std::string tls_certificate;          // PEM, the server's own first; "" serves plain HTTP
    std::string tls_key;                  // PEM, its private key
    std::string tls_ca;                   // PEM, authorities trusted for https:// servers; "" trusts the system's
    bool tls_verify = true;               // of https:// servers
    std::string client_ca;                // PEM, authorities of clients' certificates; "" asks for none
    std::string upstream_certificate;     // PEM, shown to https:// servers; "" shows none
    std::string upstream_key;             // PEM, its private key
    std::string database;                 // PostgreSQL that several gateways share a rollout through; "" shares none
    double lease_seconds = 5;             // without the database for longer: everything to the original
    double keep_log_days = 0;             // closed segments of the gateway's log are kept so long; 0: for ever
    int shadow_ppm = 0;                   // of the original's requests, those the candidate answers unseen
    int shadow_open = 16;                 // of them at once
};

struct PassFile {
    ModelSection model;
    ConstraintSection constraint;
    DeploySection deploy;
    ChoiceSection choice;
    TrafficSection traffic;
    CalibrationSection calibration;
    Budget budget;
    QualitySection quality;
    RolloutSection rollout;
};

// Throws an input error listing every mistake, one a line, with its line number and the nearest known key.
PassFile parse_pass_file(const std::string& text, const std::string& source);
PassFile read_pass_file(const std::filesystem::path& path);

// The commented scale.toml that `scale init` writes. With a suggested memory target it is a memory-bound pass that runs
// as it is; without one its kind is "measure" and a target has to be filled in.
std::string pass_file_template(const std::string& model_path, const std::string& model_description,
                               double suggested_memory_mib = 0);

}  // namespace scale::record

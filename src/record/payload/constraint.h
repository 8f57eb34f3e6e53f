// What stage S hands on: the constraint, and what speed and memory are. The rules of payload.h hold.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"
#include "record/payload/usage.h"

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
    std::string source_sha256;  // of the Hugging Face folder at model_path; "" where that is a GGUF file
    std::uint64_t model_bytes = 0;
    std::int64_t model_modified = 0;  // last change of the file, nanoseconds since 1970; a hint that spares a hash
    Fingerprint fingerprint;
    Usage took;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Constraint, kind, sentence, target, workload, memory, speed,
                                                price_per_million_tokens, because, stakes, stakes_reason, hardware,
                                                model_path, source_sha256, model_bytes, model_modified, fingerprint,
                                                took)

}  // namespace scale::record

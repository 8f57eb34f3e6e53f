#include "engine/speed_bench.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/random.h"
#include "engine/cache_type.h"

namespace scale::engine {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Room for a prompt, the timed tokens and the untimed first step of both decode measurements.
int tokens_per_sequence(const SpeedRequest& request) {
    return request.workload.prompt_tokens + 2 * (request.decode_tokens + 1) + 1;
}

constexpr std::uint32_t batch = 512;

}  // namespace

SpeedBench::SpeedBench(const std::filesystem::path& path, const SpeedRequest& request)
    : model_(path), concurrency_(request.workload.concurrency) {
    llama_context_params parameters = llama_context_default_params();
    const auto sequences = static_cast<std::uint32_t>(concurrency_);
    parameters.n_ctx = static_cast<std::uint32_t>(tokens_per_sequence(request)) * sequences;
    parameters.n_seq_max = sequences;
    parameters.n_batch = std::max(batch, sequences);
    parameters.n_ubatch = parameters.n_batch;
    parameters.n_outputs_max = sequences;
    parameters.n_threads = request.threads;
    parameters.n_threads_batch = request.threads;
    parameters.no_perf = true;
    set_cache_type(parameters, request.workload.kv_type);
    context_.reset(llama_init_from_model(model_.handle().model.get(), parameters));
    if (!context_)
        throw core::io_error(
            "the engine cannot make a context of " + std::to_string(parameters.n_ctx) + " tokens for " + path.string(),
            "memory for the caches", "lower the concurrency or the prompt_tokens of the workload");
    core::Random random(1, "speed");
    tokens_.resize(4096);
    for (Token& token : tokens_)
        token = static_cast<Token>(random.below(static_cast<std::uint64_t>(model_.vocabulary())));
    for (int s = 0; s < concurrency_; ++s) sequences_.push_back({s});
}

Token SpeedBench::any_token() {
    return tokens_[next_++ % tokens_.size()];
}

double SpeedBench::prefill(int tokens) {
    llama_memory_clear(llama_get_memory(context_.get()), false);
    const auto start = Clock::now();
    for (int i = 0; i < tokens; ++i) {
        batch_.add(any_token(), i, sequences_[0], i + 1 == tokens);
        if (batch_.size() < batch && i + 1 < tokens) continue;
        batch_.decode(context_.get());
        batch_.clear();
    }
    llama_synchronize(context_.get());
    return seconds_since(start);
}

void SpeedBench::step(int position, int sequences) {
    for (int s = 0; s < sequences; ++s)
        batch_.add(any_token(), position, sequences_[static_cast<std::size_t>(s)], true);
    batch_.decode(context_.get());
    batch_.clear();
    llama_synchronize(context_.get());
}

double SpeedBench::decode(int tokens, int position, int sequences) {
    step(position, sequences);  // carries out pending copies of the cache and plans the graph
    const auto start = Clock::now();
    for (int i = 1; i <= tokens; ++i) step(position + i, sequences);
    return seconds_since(start);
}

Pace SpeedBench::time(const Shape& shape) {
    Pace pace;
    pace.prefill = shape.prefill_tokens / prefill(shape.prefill_tokens);
    pace.decode = shape.decode_tokens / decode(shape.decode_tokens, shape.prefill_tokens, 1);
    if (concurrency_ == 1) {
        pace.batch_decode = pace.decode;
        return pace;
    }
    const int depth = shape.prefill_tokens + shape.decode_tokens + 1;
    for (int s = 1; s < concurrency_; ++s) llama_memory_seq_cp(llama_get_memory(context_.get()), 0, s, -1, -1);
    pace.batch_decode = shape.decode_tokens * concurrency_ / decode(shape.decode_tokens, depth, concurrency_);
    return pace;
}

}  // namespace scale::engine

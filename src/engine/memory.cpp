#include "engine/memory.h"

#include <algorithm>
#include <string>

#include <llama-ext.h>

#include "core/error.h"
#include "engine/cache_type.h"
#include "engine/handle.h"
#include "engine/memory_breakdown.h"
#include "model/gguf.h"

namespace scale::engine {

namespace {

constexpr int batch = 512;  // as the engine's server runs prompts

void check(const model::GgufFile& file, const record::Workload& workload) {
    const auto most = static_cast<int>(llama_max_parallel_sequences());
    if (workload.concurrency < 1 || workload.concurrency > most || workload.context < 1)
        throw core::input_error("a workload of " + std::to_string(workload.concurrency) + " sequences of " +
                                    std::to_string(workload.context) + " tokens cannot be planned",
                                "1 to " + std::to_string(most) + " sequences of at least one token");
    const std::uint64_t trained = file.number(file.text("general.architecture") + ".context_length");
    if (trained != 0 && static_cast<std::uint64_t>(workload.context) > trained)
        throw core::input_error("a context of " + std::to_string(workload.context) + " tokens is more than the " +
                                    std::to_string(trained) + " that " + file.path().string() + " was trained for",
                                "a context of at most " + std::to_string(trained));
}

llama_context_params server_parameters(const record::Workload& workload) {
    llama_context_params parameters = llama_context_default_params();
    const auto sequences = static_cast<std::uint32_t>(workload.concurrency);
    parameters.n_ctx = static_cast<std::uint32_t>(workload.context) * sequences;
    parameters.n_seq_max = sequences;
    parameters.n_batch = std::max<std::uint32_t>(batch, sequences);
    parameters.n_ubatch = parameters.n_batch;
    parameters.n_outputs_max = sequences;
    parameters.no_perf = true;
    set_cache_type(parameters, workload.kv_type);
    return parameters;
}

// The engine counts a tied head twice. Where it keeps rearranged copies for products, in a buffer of their own, the
// head is one of them; where it does not, a mapped file serves both uses.
std::uint64_t shared_head_bytes(const model::GgufFile& file) {
    const model::TensorInfo* embedding = file.tensor("token_embd.weight");
    if (!embedding || file.tensor("output.weight")) return 0;
    return embedding->bytes;
}

}  // namespace

record::Memory memory_of(const std::filesystem::path& path, const record::Workload& workload, Allocation allocation) {
    const model::GgufFile file(path);
    check(file, workload);
    llama_model_params parameters = model_parameters();
    parameters.load_mode = LLAMA_LOAD_MODE_NONE;
    parameters.no_alloc = allocation == Allocation::planned;
    const ModelPointer model = load_model(path, parameters);
    const ContextPointer context(llama_init_from_model(model.get(), server_parameters(workload)));
    if (!context)
        throw core::io_error("the engine cannot plan " + std::to_string(workload.concurrency) + " sequences of " +
                             std::to_string(workload.context) + " tokens for " + path.string());
    record::Memory memory;
    int weight_buffers = 0;
    for (const auto& [type, bytes] : llama_get_memory_breakdown(context.get())) {
        memory.weights += bytes.model;
        weight_buffers += bytes.model > 0 ? 1 : 0;
        memory.kv_cache += bytes.context;
        memory.compute += bytes.compute;
    }
    if (weight_buffers == 1) memory.weights -= std::min(memory.weights, shared_head_bytes(file));
    return memory;
}

record::Memory estimate_memory(const std::filesystem::path& model, const record::Workload& workload) {
    return memory_of(model, workload, Allocation::planned);
}

}  // namespace scale::engine

#include "report/handoff/serving.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace scale::report {

namespace {

// A path as one word of a shell.
std::string quoted(const std::string& path) {
    std::string result = "'";
    for (const char c : path) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    const bool plain = path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+") ==
                       std::string::npos;
    return plain && !path.empty() ? path : result + "'";
}

// Ollama's names hold lower-case letters, digits, '-', '_' and '.'.
std::string ollama_name(const std::string& path) {
    std::string name = std::filesystem::path(path).stem().string();
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!kept) c = '-';
    }
    return name.empty() ? "model" : name;
}

// llama-server divides its context among the slots.
ServingLines llama_server(const record::Artefact& artefact, const record::Workload& load) {
    std::string line = fmt::format("llama-server -m {} -c {} -np {}", quoted(artefact.path),
                                   load.context * load.concurrency, load.concurrency);
    if (load.kv_type != "f16") line += fmt::format(" -ctk {} -ctv {} -fa on", load.kv_type, load.kv_type);
    return {"llama-server", line + " --host 127.0.0.1 --port 8080",
            "The engine that the figures of this pass were measured with."};
}

ServingLines ollama(const record::Artefact& artefact, const record::Workload& load) {
    const std::string name = ollama_name(artefact.path);
    return {"Ollama",
            fmt::format("printf 'FROM ./%s\\nPARAMETER num_ctx {}\\n' {} >Modelfile\nollama create {} -f Modelfile\nollama "
                        "run {}",
                        load.context, quoted(artefact.path), name, name),
            "Not measured here: Ollama brings its own build of the engine, and its own reading of the chat template."};
}

ServingLines vllm_checkpoint(const record::Artefact& artefact, const record::Workload& load) {
    return {"vLLM",
            fmt::format("vllm serve {} --max-model-len {} --max-num-seqs {}", quoted(artefact.checkpoint.folder),
                        load.context, load.concurrency),
            fmt::format("The checkpoint in the form {}; its integers, decoded, are the weights that the gate judged. Its "
                        "speed on your hardware is for you to measure.",
                        artefact.checkpoint.format)};
}

ServingLines vllm_gguf(const record::Artefact& artefact, const record::Workload& load) {
    return {"vLLM",
            fmt::format("vllm serve ./{} --tokenizer ORIGINAL_MODEL --max-model-len {} --max-num-seqs {}",
                        quoted(artefact.path), load.context, load.concurrency),
            "Not measured here. vLLM calls its reading of GGUF experimental; for a GPU make a checkpoint with target = "
            "\"vllm\" in [deploy] instead. ORIGINAL_MODEL is the folder or name of the unquantised model."};
}

}  // namespace

std::vector<ServingLines> serving_lines(const record::Artefact& artefact, const record::Workload& workload) {
    record::Workload load = workload;
    load.concurrency = std::max(load.concurrency, 1);
    const bool has_checkpoint = !artefact.checkpoint.folder.empty();
    return {llama_server(artefact, load), ollama(artefact, load),
            has_checkpoint ? vllm_checkpoint(artefact, load) : vllm_gguf(artefact, load)};
}

}  // namespace scale::report

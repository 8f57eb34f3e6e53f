// The engine's objects behind Model. For src/engine only.
#pragma once

#include <filesystem>
#include <memory>

#include <llama.h>

#include "engine/chat_template.h"
#include "engine/model.h"

namespace scale::engine {

struct ModelDeleter {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct ContextDeleter {
    void operator()(llama_context* context) const { llama_free(context); }
};
using ModelPointer = std::unique_ptr<llama_model, ModelDeleter>;
using ContextPointer = std::unique_ptr<llama_context, ContextDeleter>;

struct Model::Handle {
    std::filesystem::path path;
    ModelPointer model;
    const llama_vocab* vocabulary = nullptr;
    bool vocabulary_only = false;
    int layers = 0;
    int trained_context = 0;
    std::unique_ptr<ChatTemplate> chat_template;  // parsed at the first use
};

// Loads by the parameters; throws an input error with the engine's reason where it refuses.
ModelPointer load_model(const std::filesystem::path& path, const llama_model_params& parameters);

// The parameters by which every model here is opened: memory-mapped, on the CPU.
llama_model_params model_parameters();

}  // namespace scale::engine

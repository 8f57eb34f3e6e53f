// The model's own Jinja chat template, applied by the engine's common library.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/model.h"

struct llama_model;

namespace scale::engine {

class ChatTemplate {
  public:
    // ChatML where the model has no template. Throws an input error for a template that cannot be parsed.
    explicit ChatTemplate(const llama_model* model);
    ~ChatTemplate();

    bool is_the_models_own() const;
    std::string apply(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace scale::engine

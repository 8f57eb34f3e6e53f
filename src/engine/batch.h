// Tokens for one forward pass, with their positions and the sequences that they belong to.
#pragma once

#include <cstddef>
#include <vector>

#include <llama.h>

#include "engine/model.h"

namespace scale::engine {

using Sequences = std::vector<llama_seq_id>;

class Batch {
  public:
    // `sequences` is referred to, not copied: it must live until the batch is decoded or cleared.
    void add(Token token, int position, Sequences& sequences, bool wants_logits);
    void clear();
    std::size_t size() const { return tokens_.size(); }

    // Throws an io error where the engine finds no room or cannot compute.
    void decode(llama_context* context);

  private:
    std::vector<llama_token> tokens_;
    std::vector<llama_pos> positions_;
    std::vector<std::int32_t> counts_;
    std::vector<llama_seq_id*> sequences_;
    std::vector<std::int8_t> logits_;
};

}  // namespace scale::engine

#include "engine/batch.h"

#include <string>

#include "core/error.h"

namespace scale::engine {

void Batch::add(Token token, int position, Sequences& sequences, bool wants_logits) {
    tokens_.push_back(token);
    positions_.push_back(position);
    counts_.push_back(static_cast<std::int32_t>(sequences.size()));
    sequences_.push_back(sequences.data());
    logits_.push_back(wants_logits ? 1 : 0);
}

void Batch::clear() {
    tokens_.clear();
    positions_.clear();
    counts_.clear();
    sequences_.clear();
    logits_.clear();
}

void Batch::decode(llama_context* context) {
    llama_batch batch{};
    batch.n_tokens = static_cast<std::int32_t>(tokens_.size());
    batch.token = tokens_.data();
    batch.pos = positions_.data();
    batch.n_seq_id = counts_.data();
    batch.seq_id = sequences_.data();
    batch.logits = logits_.data();
    int status = 0;
    std::string reason;
    try {
        status = llama_decode(context, batch);
    } catch (const std::exception& error) {
        status = -1;
        reason = std::string(": ") + error.what();
    }
    if (status == 1) throw core::io_error("the engine's cache has no room for " + std::to_string(size()) + " tokens");
    if (status != 0)
        throw core::io_error("the engine could not run " + std::to_string(size()) + " tokens (status " +
                             std::to_string(status) + ")" + reason);
}

}  // namespace scale::engine

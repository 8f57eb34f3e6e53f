// The state of a Session. For src/engine only.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/batch.h"
#include "engine/handle.h"
#include "engine/observer_callback.h"
#include "engine/session.h"

namespace scale::engine {

struct Session::Implementation {
    const Model& model;
    SessionOptions options;
    ObserverState observed;  // outlives the context
    ContextPointer context;
    std::vector<Token> cached;  // what sequence 0 holds
    // Whether one token may be written into several sequences at once. Recurrent layers keep one state a sequence, so
    // with them the prompt runs in sequence 0 and is copied.
    bool can_couple = true;

    Implementation(const Model& model, const SessionOptions& options);

    std::size_t batch_limit() const { return llama_n_batch(context.get()); }
    std::span<const float> row(int index) const;
    void clear();
    // Sequence 0 keeps its first `length` tokens, or nothing where the model cannot forget a part. Returns what it
    // keeps.
    std::size_t keep(std::size_t length);
    void check(std::span<const Token> tokens) const;
};

// Tokens that the cache has room for.
std::size_t cells_of(const SessionOptions& options);
// The context's parameters for these options.
llama_context_params context_parameters(const SessionOptions& options);

}  // namespace scale::engine

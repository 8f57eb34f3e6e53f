// Running a model: logits at every position, shared-prompt choices, greedy generation.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model.h"

namespace scale::engine {

class ActivationTap;
class InputObserver;

struct SessionOptions {
    int context = 2048;  // tokens per sequence
    int sequences = 1;   // that may be alive at once
    int cells = 0;       // tokens that the cache holds, all sequences together; 0: `context` for each
    int batch = 512;     // tokens per forward pass
    int threads = 1;
    std::string kv_type = "f16";        // of keys and values in the cache, as record::Workload has it
    ActivationTap* tap = nullptr;       // sees the inputs of every linear layer; must outlive the session
    InputObserver* observer = nullptr;  // or the inputs themselves; not with tap; must outlive the session
};

// One prompt (at least one token) and the continuations to score after it.
struct ChoiceItem {
    std::vector<Token> prompt;
    std::vector<std::vector<Token>> continuations;
};

// A prompt to be continued (at least one token) by at most `limit` tokens (at least one).
struct GenerationItem {
    std::vector<Token> prompt;
    int limit = 0;
};

struct Generation {
    std::vector<Token> tokens;  // without the end-of-generation token
    bool ended = false;         // by that token; false where the limit or the context cut it
};

// Log probabilities in nats: [continuation][token].
using ChoiceScores = std::vector<std::vector<double>>;

class Session {
  public:
    // Throws an io error where the caches do not fit in memory, an input error for a context the model cannot hold.
    Session(const Model& model, const SessionOptions& options);
    ~Session();

    // Runs the tokens from an empty cache and hands out the row of `vocabulary` logits of every position from `first`
    // on: row i predicts token i + 1. The row is valid during the call only. An input error where the tokens are more
    // than the context.
    using RowSink = std::function<void(std::size_t position, std::span<const float> logits)>;
    void logits(std::span<const Token> tokens, std::size_t first, const RowSink& sink);

    // Runs whole texts side by side, for what a tap or an observer sees of them; nothing else is kept, and the output
    // head, whose input they see, is not computed where it need not be. An input error where they are more than
    // `sequences`, or more tokens than `cells`.
    void run_together(std::span<const std::span<const Token>> texts);

    // For several continuations of one prompt, the log probability (nats) of every continuation token; the prompt runs
    // once and its cache is shared. result[c][t] belongs to continuations[c][t]. Prompt: at least one token. Several
    // prompts that share a beginning are cheap when called in a row: the common prefix stays cached.
    ChoiceScores continuation_log_probabilities(std::span<const Token> prompt,
                                                const std::vector<std::vector<Token>>& continuations);

    // The same for many items, several of which share a forward pass; result[i] belongs to items[i]. For short items
    // this is faster than one call each. It uses the more of `sequences`, the more items fit a pass: allow one for
    // every continuation in flight, and one. `progress` (may be empty) gets the number of items done.
    std::vector<ChoiceScores> score_items(std::span<const ChoiceItem> items,
                                          const std::function<void(std::size_t)>& progress = {});

    // Greedy; stops at the end-of-generation token or after `limit` tokens.
    std::vector<Token> generate(std::span<const Token> prompt, int limit);

    // The same for many prompts, `sequences` − 1 of which are continued together; result[i] belongs to items[i]. What a
    // prompt shares with the one before or after it is run once. `progress` (may be empty) gets the number done.
    std::vector<Generation> generate_all(std::span<const GenerationItem> items,
                                         const std::function<void(std::size_t)>& progress = {});

    struct Implementation;

  private:
    std::unique_ptr<Implementation> implementation_;
};

// log softmax of one row at `token`.
double log_probability(std::span<const float> logits, Token token);

}  // namespace scale::engine

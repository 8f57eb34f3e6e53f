// Prompts of token numbers scored by a server: /v1/completions with vLLM's prompt_logprobs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/model_server.h"
#include "quality/endpoint/prompt_scores.h"

namespace scale::quality {

struct ScorerOptions {
    int top_tokens = 20;   // asked for at every place of a text; 0: the whole vocabulary
    int vocabulary = 0;    // of the original
    int at_once = 8;       // requests, at most; fewer where their answers are large
    bool reversed = false;  // the last prompt first: another order of the server's batches
};

class PromptScorer {
  public:
    // Throws an input error where the settings lead to no server that lists the model.
    PromptScorer(const client::ServerSettings& settings, const ScorerOptions& options);

    // "http://host:8000/v1, model m, vllm 0.32.0", without credentials.
    const std::string& description() const { return description_; }
    bool whole() const { return options_.top_tokens <= 0 || options_.top_tokens >= options_.vocabulary; }

    // Tokens of the longest prompt whose answer score() would take.
    std::size_t longest() const;

    // Prompts of `length` tokens whose scores fit in memory together; at least one.
    std::size_t fit_together(std::size_t length) const;

    // What is known of every scored place; result[i] belongs to prompts[i]. Errors as in requests.h and
    // prompt_scores.h; an input error where the server gives fewer tokens than were asked for.
    std::vector<std::vector<PlaceScores>> score(std::span<const ScoredPrompt> prompts) const;

    // Only of the tokens that stand there.
    std::vector<std::vector<double>> log_probabilities(std::span<const ScoredPrompt> prompts) const;

  private:
    std::size_t top() const;  // tokens asked for at every place
    std::vector<std::vector<PlaceScores>> ask_all(std::span<const ScoredPrompt> prompts, std::size_t top) const;
    std::vector<PlaceScores> ask(const ScoredPrompt& prompt, std::size_t top) const;

    client::ModelServer server_;
    ScorerOptions options_;
    std::string description_;
};

}  // namespace scale::quality

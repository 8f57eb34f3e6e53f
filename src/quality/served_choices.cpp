#include "quality/served_choices.h"

#include <utility>

namespace scale::quality {

std::vector<engine::ChoiceScores> score_choices(const PromptScorer& server,
                                                std::span<const engine::ChoiceItem> choices) {
    std::vector<std::vector<engine::Token>> texts;
    for (const engine::ChoiceItem& choice : choices)
        for (const auto& continuation : choice.continuations) {
            texts.push_back(choice.prompt);
            texts.back().insert(texts.back().end(), continuation.begin(), continuation.end());
        }
    std::vector<ScoredPrompt> prompts;
    std::size_t next = 0;
    for (const engine::ChoiceItem& choice : choices)
        for (std::size_t i = 0; i < choice.continuations.size(); ++i, ++next)
            prompts.push_back({texts[next], choice.prompt.size() - 1});
    std::vector<std::vector<double>> values = server.log_probabilities(prompts);
    std::vector<engine::ChoiceScores> scores;
    next = 0;
    for (const engine::ChoiceItem& choice : choices) {
        auto& score = scores.emplace_back();
        for (std::size_t i = 0; i < choice.continuations.size(); ++i) score.push_back(std::move(values[next++]));
    }
    return scores;
}

}  // namespace scale::quality

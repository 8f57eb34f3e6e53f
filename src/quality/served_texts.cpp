#include "quality/served_texts.h"

#include <algorithm>
#include <set>
#include <string>

#include "quality/text_comparison.h"

namespace scale::quality {
namespace {

constexpr std::size_t most_per_part = 16;  // texts asked for between two checkpoints

}  // namespace

void measure_served_texts(const PromptScorer& original, const PromptScorer& candidate, const engine::Model& spelling,
                          const std::vector<model::TokenSequence>& held_out, const std::vector<ScoredText>& texts,
                          Checkpoint& checkpoint, const std::function<void(std::size_t)>& progress) {
    std::set<std::string> done;
    for (const SequenceResult& sequence : checkpoint.done().sequences) done.insert(sequence.id);
    std::vector<const ScoredText*> open;
    std::size_t longest = 1;
    for (const ScoredText& text : texts)
        if (done.count(held_out[text.index].id))
            progress(text.scored());
        else
            open.push_back(&text);
    for (const ScoredText* text : open) longest = std::max(longest, text->length);
    const std::size_t texts_per_part = std::min(most_per_part, original.fit_together(longest));
    for (std::size_t begin = 0; begin < open.size(); begin += texts_per_part) {
        const std::size_t end = std::min(begin + texts_per_part, open.size());
        std::vector<ScoredPrompt> prompts;
        for (std::size_t i = begin; i < end; ++i)
            prompts.push_back({{held_out[open[i]->index].tokens.data(), open[i]->length}, open[i]->first});
        const auto of_original = original.score(prompts);
        const auto of_candidate = candidate.score(prompts);
        for (std::size_t i = begin; i < end; ++i) {
            TextComparison compared(held_out[open[i]->index]);
            const auto& before = of_original[i - begin];
            const auto& after = of_candidate[i - begin];
            for (std::size_t place = 0; place < before.size(); ++place)
                compared.add(open[i]->first + place, compare_places(before[place], after[place], original.whole()));
            checkpoint.add(compared.result(), compared.worst(spelling));
            progress(open[i]->scored());
        }
    }
}

}  // namespace scale::quality

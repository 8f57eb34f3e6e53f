#include "quality/written_answers.h"

#include <algorithm>

#include "quality/answer/behaviour.h"
#include "quality/answer/check.h"

namespace scale::quality {
namespace {

constexpr std::size_t cache_tokens = 16384, most_at_once = 8;

// A server with too short a context loses the beginning of a prompt, and so does its model here.
std::vector<engine::Token> fitted(std::vector<engine::Token> prompt, std::size_t context, int answer) {
    const std::size_t room = context - std::min(context - 1, static_cast<std::size_t>(answer));
    if (prompt.size() > room) prompt.erase(prompt.begin(), prompt.end() - static_cast<std::ptrdiff_t>(room));
    return prompt;
}

}  // namespace

std::vector<engine::Token> prompt_tokens(const engine::Model& model, const Item& item) {
    if (!item.chat) return model.tokenize(item.prompt, true, false);
    if (!model.has_chat_template()) return model.tokenize(item.prompt + "\n\n", true, false);
    return model.tokenize(model.apply_chat_template({{"user", item.prompt}}, true), true, true);
}

engine::SessionOptions writing_options(const engine::Model& model, std::span<const Item* const> items, int threads) {
    std::size_t longest = 1;
    for (const Item* item : items) {
        const std::size_t wanted = prompt_tokens(model, *item).size() + static_cast<std::size_t>(item->answer_tokens);
        const auto trained = static_cast<std::size_t>(std::max(model.trained_context(), 0));
        longest = std::max(longest, trained > 0 ? std::min(wanted, trained) : wanted);
    }
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    options.sequences = static_cast<int>(1 + std::clamp<std::size_t>(cache_tokens / longest, 1, most_at_once));
    options.threads = threads;
    return options;
}

Answer judge_written(const Item& item, const std::string& text, int tokens, bool capped) {
    const Judged judged = judge_answer(item.check, item.prompt, text);
    Answer answer;
    answer.given = true;
    answer.text = text;
    answer.said = judged.answer;
    answer.problem = judged.problem;
    answer.right = judged.right;
    answer.score = judged.score;
    answer.tokens = tokens;
    answer.capped = capped;
    answer.repetitive = repeats_itself(text);
    answer.refused = declines(text);
    return answer;
}

std::vector<Answer> write_answers(const engine::Model& model, engine::Session& session, int context,
                                  std::span<const Item* const> items) {
    std::vector<engine::GenerationItem> prompts;
    for (const Item* item : items)
        prompts.push_back({fitted(prompt_tokens(model, *item), static_cast<std::size_t>(context), item->answer_tokens),
                           item->answer_tokens});
    const std::vector<engine::Generation> written = session.generate_all(prompts);
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < items.size(); ++i)
        answers.push_back(judge_written(*items[i], model.detokenize(written[i].tokens),
                                        static_cast<int>(written[i].tokens.size()), !written[i].ended));
    return answers;
}

}  // namespace scale::quality

#include "quality/choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace scale::quality {
namespace {

std::vector<std::vector<engine::Token>> whole_texts(const engine::Model& model, const Item& item) {
    std::vector<std::vector<engine::Token>> texts;
    for (const std::string& option : item.options) {
        std::string text;
        if (item.chat && model.has_chat_template())
            text = model.apply_chat_template({{"user", item.prompt}, {"assistant", option}}, false);
        else
            text = item.chat ? item.prompt + "\n\n" + option + "\n" : item.prompt + option;
        texts.push_back(model.tokenize(text, !item.chat || !model.has_chat_template(), item.chat));
    }
    return texts;
}

std::size_t common_prefix(const std::vector<std::vector<engine::Token>>& texts) {
    std::size_t common = texts[0].size();
    for (const auto& text : texts) {
        const auto [a, b] = std::mismatch(texts[0].begin(), texts[0].end(), text.begin(), text.end());
        common = std::min(common, static_cast<std::size_t>(a - texts[0].begin()));
    }
    // An option that begins another must still have a token of its own to score.
    for (const auto& text : texts) common = std::min(common, text.size() - std::min<std::size_t>(text.size(), 1));
    return common;
}

}  // namespace

engine::ChoiceItem tokenize_item(const engine::Model& model, const Item& item) {
    const auto texts = whole_texts(model, item);
    const std::size_t common = common_prefix(texts);
    if (common == 0)
        throw core::input_error("the tokenizer gives no token to the prompt of item " + item.id,
                                "a tokenizer under which the options share their prompt");
    engine::ChoiceItem choice;
    choice.prompt.assign(texts[0].begin(), texts[0].begin() + static_cast<std::ptrdiff_t>(common));
    for (const auto& text : texts)
        choice.continuations.emplace_back(text.begin() + static_cast<std::ptrdiff_t>(common), text.end());
    return choice;
}

std::vector<double> option_scores(const Item& item, const engine::ChoiceScores& scores) {
    std::vector<double> sums;
    for (const auto& tokens : scores) sums.push_back(std::accumulate(tokens.begin(), tokens.end(), 0.0));
    if (!item.by_length) return sums;
    double bytes = 0;
    for (const std::string& option : item.options) bytes += static_cast<double>(option.size());
    const double mean = bytes / static_cast<double>(item.options.size());
    for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] *= mean / static_cast<double>(std::max<std::size_t>(item.options[i].size(), 1));
    return sums;
}

int chosen(std::span<const double> scores) {
    return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

double gold_loss(std::span<const double> scores, int gold) {
    const double top = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (const double score : scores) total += std::exp(score - top);
    return top + std::log(total) - scores[gold];
}

}  // namespace scale::quality

#include "quality/endpoint/prompt_scorer.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "quality/endpoint/requests.h"

namespace scale::quality {
namespace {

constexpr double least_share = 0.999;
constexpr std::size_t token_bytes = 160;                      // of one token of an answer, at most: seen are about 70
constexpr std::size_t rest_bytes = std::size_t{1} << 20;      // of everything else in it
constexpr std::size_t largest_answer = std::size_t{1} << 30;  // one at a time
constexpr std::size_t together = std::size_t{256} << 20;      // answers of all requests under way; scores kept

std::size_t answer_bytes(std::size_t places, std::size_t top) {
    return rest_bytes + places * (top + 1) * token_bytes;
}

}  // namespace

PromptScorer::PromptScorer(const client::ServerSettings& settings, const ScorerOptions& options)
    : server_(settings, server_advice), options_(options) {
    const std::string software = server_.software();
    description_ = fmt::format("{}, model {}{}{}", server_.address(), server_.model(), software.empty() ? "" : ", ",
                               software);
}

std::size_t PromptScorer::top() const {
    return static_cast<std::size_t>(whole() ? options_.vocabulary : options_.top_tokens);
}

std::size_t PromptScorer::longest() const {
    return (largest_answer - rest_bytes) / ((top() + 1) * token_bytes);
}

std::size_t PromptScorer::fit_together(std::size_t length) const {
    return std::max<std::size_t>(together / (std::max<std::size_t>(length, 1) * (top() + 1) * sizeof(TokenScore)), 1);
}

std::vector<PlaceScores> PromptScorer::ask(const ScoredPrompt& prompt, std::size_t top) const {
    const auto vocabulary = static_cast<std::size_t>(options_.vocabulary);
    const bool all = top >= vocabulary;
    const core::Json body{{"model", server_.model()},
                          {"prompt", std::vector<engine::Token>(prompt.tokens.begin(), prompt.tokens.end())},
                          {"max_tokens", 1},
                          {"temperature", 0},
                          {"prompt_logprobs", all ? -1 : static_cast<int>(top)}};
    const char* path = "/completions";
    const std::string answer = post(server_, path, body, answer_bytes(prompt.tokens.size(), top));
    auto places = parse_prompt_scores(answer, prompt, {top + 1, vocabulary}, server_.address() + path);
    for (const PlaceScores& place : places) {
        if (place.known.size() < top)
            throw core::input_error(fmt::format("{}{} gives {} tokens a place", server_.address(), path,
                                                place.known.size()),
                                    fmt::format("{} of {}", top, vocabulary),
                                    "serve with --max-logprobs of so many (-1: all), or lower top_tokens in [quality]");
        double sum = 0;
        for (const TokenScore& score : place.known) sum += std::exp(score.log_probability);
        // The most likely tokens have at least the mean; vLLM writes −9999 for what is not a number.
        if (sum < least_share * static_cast<double>(top) / static_cast<double>(vocabulary))
            throw core::input_error(
                fmt::format("{}{} gives the {} most likely tokens a probability of {:.2g} together", server_.address(),
                            path, top, sum),
                "a model that computes there", "look at what the server has loaded, and at its log");
    }
    return places;
}

std::vector<std::vector<PlaceScores>> PromptScorer::ask_all(std::span<const ScoredPrompt> prompts,
                                                            std::size_t top) const {
    std::size_t longest = 1;
    for (const ScoredPrompt& prompt : prompts) longest = std::max(longest, prompt.tokens.size());
    const std::size_t fit = together / answer_bytes(longest, top);
    const int at_once = static_cast<int>(std::clamp<std::size_t>(fit, 1, static_cast<std::size_t>(options_.at_once)));
    std::vector<std::vector<PlaceScores>> scores(prompts.size());
    core::run_tasks(static_cast<int>(prompts.size()), at_once, [&](int i) {
        const auto sent = static_cast<std::size_t>(i);
        const std::size_t at = options_.reversed ? prompts.size() - 1 - sent : sent;
        scores[at] = ask(prompts[at], top);
    });
    return scores;
}

std::vector<std::vector<PlaceScores>> PromptScorer::score(std::span<const ScoredPrompt> prompts) const {
    return ask_all(prompts, top());
}

std::vector<std::vector<double>> PromptScorer::log_probabilities(std::span<const ScoredPrompt> prompts) const {
    std::vector<std::vector<double>> values;
    for (const auto& places : ask_all(prompts, 0)) {
        auto& row = values.emplace_back();
        std::transform(places.begin(), places.end(), std::back_inserter(row),
                       [](const PlaceScores& place) { return place.log_probability; });
    }
    return values;
}

}  // namespace scale::quality

#include "choice/endpoint/prompts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "core/random.h"
#include "engine/model.h"

namespace scale::choice {

namespace {

constexpr std::array<std::string_view, 64> words{
    "the",  "of",   "and",  "to",    "in",   "a",    "is",   "that", "for",  "it",    "as",    "was",   "with",
    "be",   "by",   "on",   "not",   "he",   "his",  "but",  "at",   "are",  "this",  "have",  "from",  "or",
    "had",  "an",   "they", "which", "one",  "you",  "were", "all",  "her",  "she",   "there", "would", "their",
    "we",   "him",  "been", "has",   "when", "who",  "will", "no",   "more", "if",    "out",   "so",    "up",
    "said", "what", "its",  "about", "than", "into", "them", "can",  "only", "other", "time",  "new"};

class Writer {
  public:
    explicit Writer(const engine::Model& model) : model_(model) {
        // What a word adds in the midst of a text.
        const int alone = count("one");
        for (std::size_t i = 0; i < words.size(); ++i) costs_[i] = count("one " + std::string(words[i])) - alone;
    }

    Prompt write(int tokens, core::Random& random) const {
        Prompt prompt;
        std::size_t drawn = random.below(words.size());
        prompt.text = words[drawn];
        prompt.tokens = count(prompt.text);
        for (int misses = 0; prompt.tokens < tokens && misses < 64;) {
            drawn = random.below(words.size());
            if (prompt.tokens + costs_[drawn] > tokens) {
                ++misses;
                continue;
            }
            prompt.text += " " + std::string(words[drawn]);
            prompt.tokens += costs_[drawn];
        }
        // Pieces may join across words in some tokenizers; what is counted is the whole text.
        while ((prompt.tokens = count(prompt.text)) > tokens && prompt.text.find(' ') != std::string::npos)
            prompt.text.erase(prompt.text.rfind(' '));
        return prompt;
    }

  private:
    int count(const std::string& text) const { return static_cast<int>(model_.tokenize(text, true, false).size()); }

    const engine::Model& model_;
    std::array<int, words.size()> costs_{};
};

}  // namespace

std::vector<Prompt> make_prompts(const PromptsWanted& wanted, const std::filesystem::path& log) {
    const core::Json result = engine::run_job(prompts_job_name, wanted, log);
    auto prompts = core::required<std::vector<Prompt>>(result, "prompts", prompts_job_name);
    if (prompts.size() != static_cast<std::size_t>(wanted.count)) throw core::worker_error("a prompt was lost");
    return prompts;
}

core::Json prompts_job(const core::Json& request, engine::JobContext&) {
    const auto wanted = request.get<PromptsWanted>();
    const engine::Model model(wanted.original, {.vocabulary_only = true});
    const Writer writer(model);
    core::Random random(wanted.seed, prompts_job_name);
    std::vector<Prompt> prompts;
    for (int i = 0; i < wanted.count; ++i) prompts.push_back(writer.write(wanted.tokens, random));
    return {{"prompts", prompts}};
}

}  // namespace scale::choice

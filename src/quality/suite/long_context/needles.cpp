// The options are values of other facts of the same text, so that finding *a* value is not enough; and an answer that
// names every value it saw is wrong.
#include <algorithm>

#include <fmt/format.h>

#include "quality/suite/long_context/long_text.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

constexpr std::size_t facts_per_text = 20;
constexpr std::size_t asked_at_once = 4;  // of multivalue and multiquery

const std::vector<std::string>& passwords() {
    static const std::vector<std::string> words{"river",  "stone",  "apple",  "winter", "silver", "tiger",
                                                "bread",  "cloud",  "music",  "summer", "island", "castle",
                                                "butter", "forest", "rocket", "coffee", "mirror", "engine",
                                                "paper",  "garlic", "sugar",  "honey",  "storm",  "wheel"};
    return words;
}

std::string password_of(const std::string& key) {
    return fmt::format("The password of {} is", key);
}

std::string one_password_of(const std::string& key) {
    return fmt::format("One password of {} is", key);
}

std::string name_list(const std::vector<std::string>& names) {
    const std::vector<std::string> first(names.begin(), names.end() - 1);
    return fmt::format("{} and {}", fmt::join(first, ", "), names.back());
}

using Part = std::vector<std::string>;

Part part(const Part& list, std::size_t begin, std::size_t count) {
    const auto first = list.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
}

Part except(const Part& list, std::size_t begin, std::size_t count) {
    Part rest = list;
    const auto first = rest.begin() + static_cast<std::ptrdiff_t>(begin);
    rest.erase(first, first + static_cast<std::ptrdiff_t>(count));
    return rest;
}

core::Json all_of(const Part& answers, const Part& others) {
    return {{"kind", "all_words"}, {"answers", answers}, {"others", others}};
}

}  // namespace

LongText retrieval_text(int tokens, const SuiteRequest& request, core::Random& random) {
    const Part keys = sample(person_names(), facts_per_text, random);
    const Part values = sample(passwords(), facts_per_text, random);
    Part sentences;
    for (std::size_t i = 0; i < keys.size(); ++i) sentences.push_back(password_of(keys[i]) + " " + values[i] + ".");
    LongText made{with_filler(sentences, tokens, request, random), {}};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Part others = without(values, i);
        made.questions.push_back({"Now the list of passwords. " + password_of(keys[i]),
                                  values[i],
                                  sample(others, 3, random),
                                  fmt::format("What is the password of {}? Answer with one word.", keys[i]),
                                  {{"kind", "word"}, {"answer", values[i]}, {"others", others}},
                                  1.0 / static_cast<double>(facts_per_text)});
    }
    return made;
}

LongText multivalue_text(int tokens, const SuiteRequest& request, core::Random& random) {
    const Part keys = sample(person_names(), facts_per_text / asked_at_once, random);
    const Part values = sample(passwords(), facts_per_text, random);
    Part sentences;
    for (std::size_t i = 0; i < values.size(); ++i)
        sentences.push_back(one_password_of(keys[i / asked_at_once]) + " " + values[i] + ".");
    random.shuffle(sentences);
    LongText made{with_filler(sentences, tokens, request, random), {}};
    for (std::size_t k = 0; k < keys.size(); ++k) {
        const Part own = part(values, k * asked_at_once, asked_at_once);
        const Part others = except(values, k * asked_at_once, asked_at_once);
        made.questions.push_back(
            {"Now the list of passwords. " + one_password_of(keys[k]), random.pick(own), sample(others, 3, random),
             fmt::format("{} has {} passwords. Name all of them, and no other.", keys[k], asked_at_once),
             all_of(own, others), 0});
    }
    return made;
}

LongText multiquery_text(int tokens, const SuiteRequest& request, core::Random& random) {
    const Part keys = sample(person_names(), facts_per_text, random);
    const Part values = sample(passwords(), facts_per_text, random);
    Part sentences;
    for (std::size_t i = 0; i < keys.size(); ++i) sentences.push_back(password_of(keys[i]) + " " + values[i] + ".");
    random.shuffle(sentences);
    LongText made{with_filler(sentences, tokens, request, random), {}};
    for (std::size_t i = 0; i + asked_at_once <= keys.size(); i += asked_at_once) {
        const Part asked = part(keys, i, asked_at_once), own = part(values, i, asked_at_once);
        LongQuestion question;
        question.question =
            fmt::format("What are the passwords of {}? Name these {}, and no other.", name_list(asked), asked_at_once);
        question.check = all_of(own, except(values, i, asked_at_once));
        made.questions.push_back(std::move(question));
    }
    return made;
}

}  // namespace scale::quality

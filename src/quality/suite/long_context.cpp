// Long-context retrieval: facts of the form "The password of Anna is river." are scattered through a text of generated
// filler, up to the budget's context, and every fact is asked for in turn. The options are values of other facts of the
// same text, so that finding *a* value is not enough.
//
// What it asks: binding a key to its value over up to `context` tokens. Texts have a quarter, half or all of that
// length. All questions of one text share its cache; the text is the cluster.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "quality/suite/item.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

constexpr int questions_per_text = 20;
constexpr int answer_tokens = 32;
constexpr int question_tokens = 48;  // room kept for the question, the answer and the frame

const std::vector<std::string>& passwords() {
    static const std::vector<std::string> words{"river",  "stone",  "apple",  "winter", "silver", "tiger",
                                                "bread",  "cloud",  "music",  "summer", "island", "castle",
                                                "butter", "forest", "rocket", "coffee", "mirror", "engine",
                                                "paper",  "garlic", "sugar",  "honey",  "storm",  "wheel"};
    return words;
}

std::string filler_sentence(core::Random& random) {
    static const std::vector<std::string> times{"In the morning", "After lunch",   "Late in the day", "On most days",
                                                "Before noon",    "Every evening", "Once a week",     "At night"};
    static const std::vector<std::string> acts{"walks to", "looks at",  "talks about", "returns from",
                                               "cleans",   "thinks of", "waits near",  "paints"};
    static const std::vector<std::string> ends{"with a friend",  "without a word", "for an hour",    "in the rain",
                                               "and feels fine", "as usual",       "and then rests", "for no reason"};
    static const std::vector<std::string> walkers{"the teacher", "the farmer",  "the doctor",
                                                  "the baker",   "a neighbour", "the driver"};
    return fmt::format("{} {} {} the {} {}.", random.pick(times), random.pick(walkers), random.pick(acts),
                       random.pick(places()), random.pick(ends));
}

struct Fact {
    std::string key;
    std::string value;
};

std::vector<Fact> make_facts(core::Random& random) {
    const auto keys = sample(person_names(), questions_per_text, random);
    const auto values = sample(passwords(), questions_per_text, random);
    std::vector<Fact> facts;
    for (std::size_t i = 0; i < keys.size(); ++i) facts.push_back({keys[i], values[i]});
    return facts;
}

std::string statement(const Fact& fact) {
    return fmt::format("The password of {} is", fact.key);
}

// Facts at random places of the filler; as many sentences as fit into `tokens`.
std::string make_text(const std::vector<Fact>& facts, int tokens, const SuiteRequest& request, core::Random& random) {
    std::vector<std::string> sentences;
    for (const Fact& fact : facts) sentences.push_back(fmt::format("{} {}.", statement(fact), fact.value));
    int used = 0;
    for (const std::string& sentence : sentences) used += request.count_tokens(" " + sentence);
    while (true) {
        std::string filler = filler_sentence(random);
        used += request.count_tokens(" " + filler);
        if (used > tokens) break;
        sentences.insert(sentences.begin() + static_cast<std::ptrdiff_t>(random.below(sentences.size() + 1)),
                         std::move(filler));
    }
    return fmt::format("{}", fmt::join(sentences, " "));
}

std::vector<std::string> all_values(const std::vector<Fact>& facts, std::size_t asked) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < facts.size(); ++i)
        if (i != asked) values.push_back(facts[i].value);
    return values;
}

std::vector<std::string> wrong_values(const std::vector<Fact>& facts, std::size_t asked, core::Random& random) {
    return sample(all_values(facts, asked), 3, random);
}

}  // namespace

std::vector<Item> long_context_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int text = 0; static_cast<int>(items.size()) < request.items; ++text) {
        core::Random random(request.seed, fmt::format("long context {}", text));
        const std::vector<Fact> facts = make_facts(random);
        constexpr std::array shares{1.0, 0.25, 0.5};
        const int tokens = static_cast<int>(request.context * shares[text % shares.size()]) - question_tokens;
        const std::string haystack = make_text(facts, tokens, request, random);
        for (std::size_t i = 0; i < facts.size() && static_cast<int>(items.size()) < request.items; ++i) {
            Item item;
            item.id = fmt::format("long_context/{}", items.size());
            item.suite = "long_context";
            item.task = "retrieval";
            item.cluster = text;
            const auto wrong = wrong_values(facts, i, random);
            if (request.generation) {
                item.prompt =
                    fmt::format("{}\n\nWhat is the password of {}? Answer with one word.", haystack, facts[i].key);
                const core::Json check{{"kind", "word"}, {"answer", facts[i].value}, {"others", all_values(facts, i)}};
                make_written(item, request, answer_tokens, check, 1.0 / questions_per_text);
            } else {
                item.prompt = fmt::format("{}\n\nNow the list of passwords. {}", haystack, statement(facts[i]));
                item.gold = place_gold(facts[i].value, wrong, " ", random, item.options);
            }
            items.push_back(std::move(item));
        }
    }
    return items;
}

}  // namespace scale::quality

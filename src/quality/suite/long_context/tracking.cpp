#include <algorithm>

#include <fmt/format.h>

#include "quality/suite/long_context/long_text.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

constexpr std::size_t chains = 4;
constexpr std::size_t hops = 4;

const std::vector<std::string>& counters() {
    static const std::vector<std::string> words{"alpha",  "bravo",  "delta",    "echo",   "golf",   "hotel", "india",
                                                "juliet", "kilo",   "lima",     "mike",   "oscar",  "papa",  "quebec",
                                                "romeo",  "sierra", "november", "victor", "whisky", "zulu"};
    return words;
}

std::string shows(const std::string& counter) {
    return fmt::format("The counter {} shows", counter);
}

}  // namespace

LongText tracking_text(int tokens, const SuiteRequest& request, core::Random& random) {
    const auto names = sample(counters(), chains * (hops + 1), random);  // chain c has names c, c + chains, …
    std::vector<std::string> numbers;
    while (numbers.size() < chains) {
        std::string number = std::to_string(random.between(100, 999));
        if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(std::move(number));
    }
    // Chains are interleaved at random; within one, a counter is defined before it is referred to.
    std::vector<std::size_t> turns;
    for (std::size_t i = 0; i < names.size(); ++i) turns.push_back(i % chains);
    random.shuffle(turns);
    std::vector<std::string> sentences;
    std::vector<std::size_t> at(chains, 0);
    for (const std::size_t chain : turns) {
        const std::size_t link = at[chain]++;
        const std::string& name = names[link * chains + chain];
        sentences.push_back(link == 0 ? fmt::format("{} the number {}.", shows(name), numbers[chain])
                                      : fmt::format("{} the same number as the counter {}.", shows(name),
                                                    names[(link - 1) * chains + chain]));
    }
    LongText made{with_filler(sentences, tokens, request, random), {}};
    for (std::size_t i = chains; i < names.size(); ++i) {
        const std::size_t chain = i % chains;
        const std::vector<std::string> others = without(numbers, chain);
        made.questions.push_back(
            {fmt::format("Now the list of numbers. {} the number", shows(names[i])),
             numbers[chain],
             others,
             fmt::format("Which number does the counter {} show? Answer with the number.", names[i]),
             {{"kind", "word"}, {"answer", numbers[chain]}, {"others", others}},
             1.0 / chains});
    }
    return made;
}

}  // namespace scale::quality

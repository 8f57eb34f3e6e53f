#include <fmt/format.h>

#include "quality/suite/long_context/long_text.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

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

}  // namespace

std::string with_filler(std::vector<std::string> sentences, int tokens, const SuiteRequest& request,
                        core::Random& random) {
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

std::vector<std::string> without(std::vector<std::string> list, std::size_t index) {
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
    return list;
}

}  // namespace scale::quality

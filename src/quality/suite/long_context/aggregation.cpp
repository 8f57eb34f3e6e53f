#include <algorithm>

#include <fmt/format.h>

#include "quality/suite/long_context/long_text.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

constexpr std::size_t common = 5;
constexpr std::size_t rare_for_each = 3;
constexpr int rare_times = 3;
constexpr int common_times = 4 * rare_times;  // the ratio grows where rare words do not repeat

std::vector<std::string> all_words() {
    std::vector<std::string> words = objects();
    for (const auto& more : {animals(), places(), colours()}) words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

// Rounds of the whole mixture until the text is full, so that the proportions hold at every length.
LongText common_words_text(int tokens, const SuiteRequest& request, core::Random& random) {
    const auto words = sample(all_words(), common * (1 + rare_for_each), random);
    std::vector<std::string> list;
    int used = request.count_tokens("The list:");
    for (bool full = false; !full;) {
        std::vector<std::string> round;
        for (std::size_t w = 0; w < words.size(); ++w)
            round.insert(round.end(), w < common ? common_times / rare_times : 1, words[w]);
        random.shuffle(round);
        int more = 0;
        for (const std::string& word : round) more += request.count_tokens(" " + word + ",");
        full = used + more > tokens;
        if (full && !list.empty()) break;
        used += more;
        list.insert(list.end(), round.begin(), round.end());
    }
    LongText made{fmt::format("The list: {}.", fmt::join(list, ", ")), {}};
    for (std::size_t c = 0; c < common; ++c) {
        const auto first = words.begin() + static_cast<std::ptrdiff_t>(common + c * rare_for_each);
        const std::vector<std::string> rare(first, first + rare_for_each);
        std::vector<std::string> named = rare;
        named.insert(named.begin() + static_cast<std::ptrdiff_t>(random.below(named.size() + 1)), words[c]);
        const std::string of = fmt::format("{}, {}, {} or {}", named[0], named[1], named[2], named[3]);
        made.questions.push_back(
            {fmt::format("Which word stands most often in the list, {}? It is the word", of),
             words[c],
             rare,
             fmt::format("Which word stands most often in the list, {}? Answer with one word.", of),
             {{"kind", "word"}, {"answer", words[c]}, {"others", rare}},
             1.0 / static_cast<double>(named.size())});
    }
    return made;
}

}  // namespace scale::quality

#include "quality/suite/words.h"

namespace scale::quality {

const std::vector<std::string>& person_names() {
    static const std::vector<std::string> words{"Anna",  "Ben",  "Carl", "David", "Emma",  "Frank", "Grace", "Henry",
                                                "Jack",  "Kate", "Lucy", "Mark",  "Nina",  "Oscar", "Paul",  "Rose",
                                                "Sarah", "Tom",  "Will", "Alice", "Peter", "Maria", "James", "Laura"};
    return words;
}

const std::vector<std::string>& places() {
    static const std::vector<std::string> words{"kitchen", "garden", "garage",  "bedroom", "office", "library",
                                                "park",    "school", "station", "market",  "hall",   "barn",
                                                "cellar",  "attic",  "church",  "museum"};
    return words;
}

const std::vector<std::string>& objects() {
    static const std::vector<std::string> words{"key",  "book", "ball", "letter", "lamp", "cup",   "hat",   "map",
                                                "coin", "bag",  "box",  "knife",  "ring", "watch", "phone", "pen"};
    return words;
}

const std::vector<std::string>& colours() {
    static const std::vector<std::string> words{"red",   "blue",  "green", "yellow", "black",
                                                "white", "brown", "pink",  "orange", "purple"};
    return words;
}

const std::vector<std::string>& animals() {
    static const std::vector<std::string> words{"dog",  "cat",  "horse", "bird", "fish", "cow",   "pig",
                                                "duck", "bear", "wolf",  "lion", "frog", "sheep", "mouse"};
    return words;
}

const std::vector<std::string>& weekdays() {
    static const std::vector<std::string> words{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
    return words;
}

std::vector<std::string> sample(const std::vector<std::string>& words, std::size_t count, core::Random& random) {
    std::vector<std::string> shuffled = words;
    random.shuffle(shuffled);
    shuffled.resize(std::min(count, shuffled.size()));
    return shuffled;
}

int place_gold(const std::string& gold, const std::vector<std::string>& wrong, const std::string& lead,
               core::Random& random, std::vector<std::string>& options) {
    options.clear();
    for (const std::string& word : wrong) options.push_back(lead + word);
    const std::size_t place = random.below(options.size() + 1);
    options.insert(options.begin() + static_cast<std::ptrdiff_t>(place), lead + gold);
    return static_cast<int>(place);
}

}  // namespace scale::quality

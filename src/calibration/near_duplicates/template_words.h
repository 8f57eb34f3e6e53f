// The words that many requests share: instructions of an application, wrapped round what its user wrote. They do not
// make two requests near-duplicates, or all traffic of one application would be a single text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scale::calibration {

// Lower-cased runs of letters and digits; a character of a script without spaces is a word of its own. At most `limit`.
struct Word {
    std::size_t begin = 0;  // bytes
    std::size_t end = 0;
    std::uint64_t hash = 0;
};
std::vector<Word> hashed_words(std::string_view text, std::size_t limit);

// Hashes of all runs of `n` words.
std::vector<std::uint64_t> word_runs(const std::vector<Word>& words, std::size_t n);

class TemplateWords {
  public:
    static constexpr std::size_t run = 5;  // words

    // Counts the runs of one distinct request, each once.
    void add(std::string_view text);

    // The text without the words of runs that more than max(50, 1 %) of the requests have; whole where nothing would be
    // left.
    std::string without_template(std::string_view text) const;

  private:
    std::vector<std::uint32_t> counts_ =
        std::vector<std::uint32_t>(std::size_t{1} << 20);  // by hash; collisions add up
    std::uint64_t requests_ = 0;
};

}  // namespace scale::calibration

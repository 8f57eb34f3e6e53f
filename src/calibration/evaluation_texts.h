// Texts of evaluation sets, which no sample may overlap with: a score on what calibrated the model says nothing.
//
// A request overlaps where it shares a run of 13 words with an evaluation text (the length that Brown et al., 2020,
// appendix C, use to find contaminated items); of an evaluation text of 6 to 12 words, all of it in a row. Case and
// punctuation do not count. Shorter texts are not compared: they occur by chance.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scale::calibration {

class EvaluationTexts {
  public:
    static constexpr std::size_t run = 13;  // words
    static constexpr std::size_t shortest = 6;

    // `set` names the evaluation set in what is reported.
    void add(const std::string& set, std::string_view text);

    // Every string of a JSON or JSON-lines file; every line of any other. Throws an input error where it is missing.
    void add_file(const std::filesystem::path& path);

    bool empty() const { return runs_.empty(); }
    // The set that the text overlaps with, "" for none.
    std::string overlap(std::string_view text) const;

  private:
    std::vector<std::string> sets_;
    std::map<std::size_t, std::unordered_map<std::uint64_t, std::uint32_t>> runs_;  // by length: hash → set
};

}  // namespace scale::calibration

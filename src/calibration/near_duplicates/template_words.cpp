#include "calibration/near_duplicates/template_words.h"

#include <algorithm>

#include "calibration/script.h"

namespace scale::calibration {

namespace {

constexpr std::size_t words_read = 4096;
constexpr std::uint64_t basis = 0xcbf29ce484222325u;

std::uint64_t mixed(std::uint64_t value) {  // the finaliser of MurmurHash3
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdu;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53u;
    return value ^ (value >> 33);
}

enum class Kind { gap, letter, single };

Kind kind_of(char32_t c) {
    const bool ascii_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c < 0x80) return ascii_word ? Kind::letter : Kind::gap;
    const bool spaceless = (c >= 0x0e01 && c <= 0x109f) || (c >= 0x1780 && c <= 0x17ff) ||
                           (c >= 0x3041 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
                           (c >= 0xf900 && c <= 0xfaff) || c >= 0x20000;
    const bool punctuation = (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x303f) ||
                             (c >= 0xff00 && c <= 0xff0f) || c == 0xa0 || c == 0xfffd;
    return punctuation ? Kind::gap : spaceless ? Kind::single : Kind::letter;
}

}  // namespace

std::vector<Word> hashed_words(std::string_view text, std::size_t limit) {
    std::vector<Word> words;
    Word word;
    bool inside = false;
    const auto finish = [&](std::size_t end) {
        if (inside) {
            word.end = end;
            word.hash = mixed(word.hash);
            words.push_back(word);
        }
        inside = false;
    };
    std::size_t at = 0;
    while (at < text.size() && words.size() < limit) {
        const std::size_t begin = at;
        const char32_t c = next_code_point(text, at);
        const Kind kind = kind_of(c);
        if (kind != Kind::letter) finish(begin);
        if (kind == Kind::gap) continue;
        if (!inside) word = {begin, begin, basis};
        inside = true;
        const char32_t lower = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
        word.hash = (word.hash ^ lower) * 0x100000001b3u;
        if (kind == Kind::single) finish(at);
    }
    if (words.size() < limit) finish(at);
    return words;
}

std::vector<std::uint64_t> word_runs(const std::vector<Word>& words, std::size_t n) {
    std::vector<std::uint64_t> runs;
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
        std::uint64_t hash = n;
        for (std::size_t k = 0; k < n; ++k) hash = mixed(hash ^ words[i + k].hash);
        runs.push_back(hash);
    }
    return runs;
}

void TemplateWords::add(std::string_view text) {
    auto runs = word_runs(hashed_words(text, words_read), run);
    for (auto& hash : runs) hash %= counts_.size();
    std::sort(runs.begin(), runs.end());
    runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
    for (const std::uint64_t hash : runs) ++counts_[hash];
    ++requests_;
}

std::string TemplateWords::without_template(std::string_view text) const {
    const auto words = hashed_words(text, words_read);
    const auto runs = word_runs(words, run);
    const std::uint64_t limit = std::max<std::uint64_t>(50, requests_ / 100);
    std::vector<bool> shared(words.size());
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (counts_[runs[i] % counts_.size()] > limit)
            std::fill_n(shared.begin() + static_cast<std::ptrdiff_t>(i), run, true);
    std::string rest;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (!shared[i]) rest.append(text.substr(words[i].begin, words[i].end - words[i].begin)) += ' ';
    return rest.empty() ? std::string(text) : rest;
}

}  // namespace scale::calibration

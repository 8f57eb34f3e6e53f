#include "calibration/evaluation_texts.h"

#include <algorithm>

#include "calibration/near_duplicates/template_words.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t words_read = std::size_t{1} << 18;

void add_strings(const core::Json& value, const std::string& set, EvaluationTexts& texts) {
    if (value.is_string()) texts.add(set, value.get_ref<const std::string&>());
    if (value.is_structured())
        for (const auto& inner : value) add_strings(inner, set, texts);
}

bool add_json(std::string_view text, const std::string& set, EvaluationTexts& texts) {
    try {
        add_strings(core::parse_json(text, set), set, texts);
        return true;
    } catch (const core::Error&) {
        return false;
    }
}

}  // namespace

void EvaluationTexts::add(const std::string& set, std::string_view text) {
    const auto words = hashed_words(text, words_read);
    if (words.size() < shortest) return;
    const auto known = std::find(sets_.begin(), sets_.end(), set);
    const auto number = static_cast<std::uint32_t>(known - sets_.begin());
    if (known == sets_.end()) sets_.push_back(set);
    const std::size_t length = std::min(run, words.size());
    for (const std::uint64_t hash : word_runs(words, length)) runs_[length].emplace(hash, number);
}

void EvaluationTexts::add_file(const std::filesystem::path& path) {
    if (!std::filesystem::is_regular_file(path))
        throw core::input_error("no evaluation set at " + path.string(), "a text, JSON or JSON-lines file",
                                "correct [calibration] evaluation in scale.toml");
    const std::string bytes = core::read_file(path);
    const std::string set = path.filename().string();
    const std::string head = core::trimmed(std::string_view(bytes).substr(0, 1024));
    const bool looks_json = head.starts_with('{') || head.starts_with('[');
    if (looks_json && add_json(bytes, set, *this)) return;
    for (const std::string_view line : core::split_lines(bytes))
        if (!looks_json || !add_json(line, set, *this)) add(set, line);
}

std::string EvaluationTexts::overlap(std::string_view text) const {
    if (runs_.empty()) return {};
    const auto words = hashed_words(text, words_read);
    for (const auto& [length, known] : runs_)
        for (const std::uint64_t hash : word_runs(words, length))
            if (const auto found = known.find(hash); found != known.end()) return sets_[found->second];
    return {};
}

}  // namespace scale::calibration

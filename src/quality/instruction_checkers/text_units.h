// What the checkers count in a text: words, sentences, letters' case, its language. Unicode by ICU, languages by CLD2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scale::quality {

// Runs of letters, digits and underscores, as \w+ in Python.
std::vector<std::string> word_runs(const std::string& text);

// Between white space, without the punctuation round them.
std::vector<std::string> spaced_words(const std::string& text);

// Unicode's sentence boundaries (UAX 29); abbreviations such as "Dr." before a capital end a sentence there, which
// punkt, that IFEval uses, mostly knows better.
int count_sentences(const std::string& text);

std::string lower_case(const std::string& text);
bool all_upper(const std::string& text);  // some letter with case, and none in lower case
bool all_lower(const std::string& text);

// The ISO 639-1 code as IFEval writes it ("zh-cn" for Chinese); "" where CLD2 cannot tell.
std::string language_of(const std::string& text);

// `word` stands in `text` in any case, with no letter, digit or underscore right before or after it.
bool has_word(const std::string& text, const std::string& word);

// Non-overlapping matches of a regular expression in any case. A pattern that RE2 cannot compile is taken literally.
int count_matches(const std::string& text, const std::string& pattern, bool literal);

}  // namespace scale::quality

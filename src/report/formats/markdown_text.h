// Writing Markdown in which no text from outside can become markup.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scale::report {

// The text on one line, its markup characters escaped.
std::string plain_markdown(std::string_view text);

// A code span; backticks in the text become apostrophes.
std::string code_markdown(std::string_view text);

// A pipe table; `right` says of each column whether it is of numbers.
std::string table_markdown(const std::vector<std::string>& columns, const std::vector<bool>& right,
                           const std::vector<std::vector<std::string>>& rows);

}  // namespace scale::report

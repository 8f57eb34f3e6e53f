#include "report/formats/markdown_text.h"

#include <algorithm>

#include "report/describe.h"

namespace scale::report {

namespace {

constexpr std::size_t longest = 2000;

std::string row_markdown(const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += " " + cell + " |";
    return line + "\n";
}

}  // namespace

std::string plain_markdown(std::string_view text) {
    std::string escaped;
    for (const char c : one_line(text, longest)) {
        if (std::string_view("\\`*_{}[]<>#|!&~").find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string code_markdown(std::string_view text) {
    std::string line = one_line(text, longest);
    std::replace(line.begin(), line.end(), '`', '\'');
    std::replace(line.begin(), line.end(), '|', '/');
    return line.empty() ? "" : "`" + line + "`";
}

std::string table_markdown(const std::vector<std::string>& columns, const std::vector<bool>& right,
                           const std::vector<std::vector<std::string>>& rows) {
    std::string rule = "|";
    for (std::size_t c = 0; c < columns.size(); ++c) rule += c < right.size() && right[c] ? "---:|" : "---|";
    std::string text = row_markdown(columns) + rule + "\n";
    for (const auto& row : rows) text += row_markdown(row);
    return text;
}

}  // namespace scale::report

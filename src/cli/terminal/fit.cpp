#include "cli/terminal/fit.h"

#include <string_view>

#include "core/terminal.h"
#include "core/text.h"

namespace scale::cli {

namespace {

constexpr std::size_t least_room = 24;

std::size_t indent_of(std::string_view line) {
    const std::size_t first = line.find_first_not_of(' ');
    return first == std::string_view::npos ? 0 : first;
}

// Characters before the text of the last column.
std::size_t last_column(std::string_view line) {
    const std::size_t gap = line.rfind("  ");
    return gap == std::string_view::npos ? 0 : core::character_count(line.substr(0, gap + 2));
}

std::size_t hanging_indent(std::string_view line, std::size_t width) {
    const std::size_t column = last_column(line);
    if (column > 0 && column + least_room <= width) return column;
    const std::size_t own = indent_of(line);
    return own == 0 ? 0 : own + 2;
}

std::string fit_line(std::string_view line, std::size_t width) {
    if (core::character_count(line) <= width) return std::string(line);
    const std::string indent(hanging_indent(line, width), ' ');
    std::string result;
    std::size_t used = 0;
    // Words with the spaces before them, so that columns keep their places.
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t word = line.find_first_not_of(' ', at);
        if (word == std::string_view::npos) break;
        const std::size_t end = std::min(line.find(' ', word), line.size());
        const std::size_t length = core::character_count(line.substr(word, end - word));
        if (used > 0 && used + (word - at) + length > width) {
            result += "\n" + indent;
            used = indent.size();
        } else {
            result.append(line.substr(at, word - at));
            used += word - at;
        }
        result.append(line.substr(word, end - word));
        used += length;
        at = end;
    }
    return result;
}

}  // namespace

std::string fit(const std::string& text, int width) {
    if (width < 20) return text;
    std::string result;
    for (const std::string_view line : core::split_lines(text)) {
        if (!result.empty()) result += "\n";
        result += fit_line(line, static_cast<std::size_t>(width));
    }
    if (!text.empty() && text.back() == '\n') result += "\n";
    return result;
}

std::string for_terminal(const std::string& text, int descriptor) {
    const std::string laid_out = fit(text, core::terminal_width(descriptor));
    return core::wants_colour(descriptor) ? paint(laid_out) : laid_out;
}

}  // namespace scale::cli

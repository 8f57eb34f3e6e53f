// What the plots share: the frame with its title and description, scales with readable ticks, marks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/svg.h"

namespace scale::report {

// Opens <figure><svg>, with title and description; end_figure closes both and adds the caption.
void begin_figure(Html& page, double width, double height, const std::string& title, const std::string& description);
void end_figure(Html& page, const std::string& title);

void line(Html& page, double x1, double y1, double x2, double y2, std::string_view style);
// `anchor` is "start", "middle" or "end".
void label(Html& page, double x, double y, const std::string& text, std::string_view anchor,
           std::string_view style = "");
// A disc (measured) or a diamond (estimated).
void mark(Html& page, double x, double y, Source source, bool emphasised, const std::string& tooltip);

// Maps [low, high] to [from, to] on the page.
struct Scale {
    double low = 0;
    double high = 1;
    double from = 0;
    double to = 1;
    double operator()(double value) const;
};

// At most `count` + 1 round figures (1, 2 or 5 times a power of ten) within [low, high].
std::vector<double> ticks(double low, double high, int count);

std::string short_number(double value);

}  // namespace scale::report

#include "report/svg_axes.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace scale::report {

namespace {

std::string at(double value) {
    return fmt::format("{:.1f}", std::isfinite(value) ? value : 0.0);
}

}  // namespace

void begin_figure(Html& page, double width, double height, const std::string& title, const std::string& description) {
    page.open("figure");
    page.open("svg", {{"viewBox", fmt::format("0 0 {:.0f} {:.0f}", width, height)},
                      {"role", "img"},
                      {"aria-label", title + ". " + description}});
    page.element("title", title).element("desc", description);
}

void end_figure(Html& page, const std::string& title) {
    page.close().element("figcaption", title).close();
}

void line(Html& page, double x1, double y1, double x2, double y2, std::string_view style) {
    page.empty("line", {{"x1", at(x1)}, {"y1", at(y1)}, {"x2", at(x2)}, {"y2", at(y2)}, {"class", std::string(style)}});
}

void label(Html& page, double x, double y, const std::string& text, std::string_view anchor, std::string_view style) {
    page.element("text", text,
                 {{"x", at(x)}, {"y", at(y)}, {"text-anchor", std::string(anchor)}, {"class", std::string(style)}});
}

void mark(Html& page, double x, double y, Source source, bool emphasised, const std::string& tooltip) {
    const double r = emphasised ? 6.5 : 4.5;
    page.open("g", {{"class", std::string(emphasised ? "mark chosen " : "mark ") +
                                  (source == Source::measured ? "measured" : "estimated")}});
    page.element("title", tooltip);
    if (source == Source::measured)
        page.empty("circle", {{"cx", at(x)}, {"cy", at(y)}, {"r", at(r)}});
    else
        page.empty("path", {{"d", fmt::format("M{} {}L{} {}L{} {}L{} {}Z", at(x), at(y - r - 1), at(x + r + 1), at(y),
                                              at(x), at(y + r + 1), at(x - r - 1), at(y))}});
    if (emphasised) page.empty("circle", {{"cx", at(x)}, {"cy", at(y)}, {"r", at(r + 5)}, {"class", "ring"}});
    page.close();
}

double Scale::operator()(double value) const {
    const double range = high - low;
    const double share = range > 0 ? (value - low) / range : 0.5;
    return from + std::clamp(share, 0.0, 1.0) * (to - from);
}

std::vector<double> ticks(double low, double high, int count) {
    const double range = high - low;
    if (!(range > 0) || count < 1) return {low};
    const double raw = range / count;
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    const double step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
    std::vector<double> values;
    const double first = std::ceil(low / step - 1e-9);
    for (int i = 0; i <= count && (first + i) * step <= high + step * 1e-9; ++i) values.push_back((first + i) * step);
    return values;
}

std::string short_number(double value) {
    return fmt::format("{:.4g}", std::abs(value) < 1e-12 ? 0.0 : value);
}

}  // namespace scale::report

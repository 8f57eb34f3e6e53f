#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "report/svg_axes.h"

namespace scale::report {

namespace {

constexpr double width = 720;
constexpr double height = 320;
constexpr double left = 74;
constexpr double right = 560;
constexpr double top = 14;
constexpr double bottom = 270;

// Shapes tell the series apart without colour.
std::string shape(std::size_t series, double x, double y) {
    const auto path = [&](const char* form) {
        return fmt::format(fmt::runtime(form), fmt::arg("x", x), fmt::arg("y", y));
    };
    static constexpr std::array forms = {"m-4 -4h8v8h-8z",     "m0 -5l5 5l-5 5l-5 -5z", "m0 -5l5 9h-10z",
                                         "m0 5l5 -9h-10z",     "m-5 0h10m-5 -5v10",     "m-4 -4l8 8m0 -8l-8 8",
                                         "m-5 -1.5h10v3h-10z", "m-1.5 -5h3v10h-3z"};
    return path("M{x:.1f} {y:.1f}") + forms[series % forms.size()];
}

}  // namespace

void draw(Html& page, const LayerPlot& plot) {
    double last = 0;
    double highest = 0;
    for (const Series& series : plot.series)
        for (const auto& [layer, value] : series.points) {
            last = std::max(last, layer);
            highest = std::max(highest, value);
        }
    if (plot.series.empty() || !(highest > 0)) return;
    const Scale x{-0.5, last + 0.5, left, right};
    const Scale y{0, highest * 1.08, bottom, top};
    begin_figure(page, width, std::max(height, 40 + 18 * static_cast<double>(plot.series.size())), plot.title,
                 plot.description);
    for (const double tick : ticks(0, highest * 1.08, 5)) {
        line(page, left, y(tick), right, y(tick), "grid");
        label(page, left - 8, y(tick) + 4, short_number(tick), "end", "tick");
    }
    for (const double tick : ticks(0, last, 10))
        if (tick == std::floor(tick)) label(page, x(tick), bottom + 18, short_number(tick), "middle", "tick");
    line(page, left, bottom, right, bottom, "axis");
    label(page, (left + right) / 2, bottom + 40, "layer", "middle", "axis-label");
    page.element("text", plot.y_label,
                 {{"transform", fmt::format("translate(16 {:.0f}) rotate(-90)", (top + bottom) / 2)},
                  {"text-anchor", "middle"},
                  {"class", "axis-label"}});
    for (std::size_t s = 0; s < plot.series.size(); ++s) {
        const std::string style = fmt::format("series s{}", s % 8);
        const double legend = top + 10 + 18 * static_cast<double>(s);
        page.empty("path", {{"d", shape(s, right + 20, legend - 4)}, {"class", style}});
        label(page, right + 32, legend, plot.series[s].name, "start", "tick");
        std::string marks;
        for (const auto& [layer, value] : plot.series[s].points) marks += shape(s, x(layer), y(value));
        page.empty("path", {{"d", marks}, {"class", style}});
    }
    end_figure(page, plot.title);
}

}  // namespace scale::report

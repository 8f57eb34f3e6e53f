#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/svg_axes.h"

namespace scale::report {

namespace {

constexpr double width = 720;
constexpr double height = 380;
constexpr double left = 74;
constexpr double right = 700;
constexpr double top = 18;
constexpr double bottom = 330;
constexpr double floor_of_log = 1e-5;  // what is zero stands at the axis

double logarithm(double value) {
    return std::log10(std::max(value, floor_of_log));
}

struct Axes {
    Scale x;
    Scale y;
};

Axes axes_of(const std::vector<Point>& points) {
    double x_high = 0;
    double y_low = 0;
    double y_high = -4;
    for (const Point& point : points) {
        x_high = std::max(x_high, point.x);
        if (point.y > 0) y_low = std::min(y_low, std::floor(logarithm(point.y_low > 0 ? point.y_low : point.y)));
        y_high = std::max(y_high, std::ceil(logarithm(std::max(point.y, point.y_high))));
    }
    y_low = std::min(y_low, y_high - 1);
    return {{0, x_high * 1.08, left, right}, {y_low, y_high, bottom, top}};
}

void draw_axes(Html& page, const ScatterPlot& plot, const Axes& axes) {
    for (const double tick : ticks(axes.x.low, axes.x.high, 7)) {
        line(page, axes.x(tick), top, axes.x(tick), bottom, "grid");
        label(page, axes.x(tick), bottom + 18, short_number(tick), "middle", "tick");
    }
    for (double power = axes.y.low; power <= axes.y.high; ++power) {
        line(page, left, axes.y(power), right, axes.y(power), "grid");
        label(page, left - 8, axes.y(power) + 4, short_number(std::pow(10.0, power)), "end", "tick");
    }
    line(page, left, bottom, right, bottom, "axis");
    line(page, left, top, left, bottom, "axis");
    label(page, (left + right) / 2, height - 10, plot.x_label, "middle", "axis-label");
    page.element("text", plot.y_label,
                 {{"transform", fmt::format("translate(16 {:.0f}) rotate(-90)", (top + bottom) / 2)},
                  {"text-anchor", "middle"},
                  {"class", "axis-label"}});
}

}  // namespace

void draw(Html& page, const ScatterPlot& plot) {
    if (plot.points.empty()) return;
    const Axes axes = axes_of(plot.points);
    begin_figure(page, width, height, plot.title, plot.description);
    draw_axes(page, plot, axes);
    // A label that would cover an earlier one moves up by a line.
    std::vector<std::pair<double, double>> placed;
    auto points = plot.points;
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    for (const Point& point : points) {
        const double x = axes.x(point.x);
        const double y = axes.y(logarithm(point.y));
        if (point.y_high > point.y_low && point.y > 0)
            line(page, x, axes.y(logarithm(point.y_low)), x, axes.y(logarithm(point.y_high)),
                 point.source == Source::measured ? "whisker" : "whisker dashed");
        mark(page, x, y, point.source, point.chosen,
             fmt::format("{}: {:.1f}, {}", point.label, point.x, short_number(point.y)));
        double label_y = y - 8;
        for (const auto& [other_x, other_y] : placed)
            if (std::abs(other_x - x) < 60 && std::abs(other_y - label_y) < 14) label_y = other_y - 14;
        placed.emplace_back(x, label_y);
        const bool at_edge = x > right - 60;
        label(page, at_edge ? x - 10 : x + 10, label_y, point.label + (point.chosen ? " (chosen)" : ""),
              at_edge ? "end" : "start", point.chosen ? "name strong" : "name");
    }
    end_figure(page, plot.title);
}

}  // namespace scale::report

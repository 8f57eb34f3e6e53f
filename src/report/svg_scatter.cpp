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

// A label's place, as a box on the page; widths are estimated at 7.2 units a character.
struct LabelBox {
    double x = 0;
    double y = 0;  // baseline
    double width = 0;
    bool overlaps(const LabelBox& other) const {
        return x < other.x + other.width && other.x < x + width && std::abs(y - other.y) < 14;
    }
    bool covers(double mark_x, double mark_y) const {
        return mark_x > x - 8 && mark_x < x + width + 8 && mark_y > y - 18 && mark_y < y + 8;
    }
};

// The nearest place beside the mark that covers no other label and no other mark; the last one tried where none is
// free.
LabelBox free_place(double x, double y, double label_width, const std::vector<LabelBox>& labels,
                    const std::vector<std::pair<double, double>>& marks) {
    LabelBox box;
    for (int ring = 0; ring < 8; ++ring)
        for (const double down : {0.0, -1.0, 1.0})
            for (const bool to_right : {true, false}) {
                const double distance = 12 + 10.0 * ring;
                box = {to_right ? x + distance : x - distance - label_width, y + 4 + down * (12 + 14.0 * ring),
                       label_width};
                const bool inside =
                    box.x >= left && box.x + box.width <= right && box.y > top + 8 && box.y < bottom - 4;
                const bool free = std::none_of(labels.begin(), labels.end(),
                                               [&](const auto& other) { return box.overlaps(other); }) &&
                                  std::none_of(marks.begin(), marks.end(),
                                               [&](const auto& mark) { return box.covers(mark.first, mark.second); });
                if (inside && free) return box;
            }
    return box;
}

struct Axes {
    Scale x;
    Scale y;
};

Axes axes_of(const std::vector<Point>& points) {
    double x_high = 0;
    double x_low = points.front().x;
    double y_low = 0;
    double y_high = -4;
    for (const Point& point : points) {
        x_high = std::max(x_high, point.x);
        x_low = std::min(x_low, point.x);
        if (point.y > 0) y_low = std::min(y_low, std::floor(logarithm(point.y_low > 0 ? point.y_low : point.y)));
        y_high = std::max(y_high, std::ceil(logarithm(std::max(point.y, point.y_high))));
    }
    y_low = std::min(y_low, y_high - 1);
    const double room = std::max((x_high - x_low) * 0.15, x_high * 0.02);
    return {{std::max(0.0, x_low - room), x_high + room, left, right}, {y_low, y_high, bottom, top}};
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
    const auto place = [&](const Point& point) { return std::pair(axes.x(point.x), axes.y(logarithm(point.y))); };
    std::vector<std::pair<double, double>> marks;
    for (const Point& point : plot.points) marks.push_back(place(point));
    std::vector<LabelBox> labels;
    for (const Point& point : plot.points) {
        const auto [x, y] = place(point);
        if (point.y_high > point.y_low && point.y > 0)
            line(page, x, axes.y(logarithm(point.y_low)), x, axes.y(logarithm(point.y_high)),
                 point.source == Source::measured ? "whisker" : "whisker dashed");
        mark(page, x, y, point.source, point.chosen,
             fmt::format("{}: {:.1f}, {}", point.label, point.x, short_number(point.y)));
        const std::string name = point.label + (point.chosen ? " (chosen)" : "");
        const LabelBox box = free_place(x, y, 7.2 * static_cast<double>(name.size()), labels, marks);
        labels.push_back(box);
        if (std::abs(box.y - 4 - y) > 13)
            line(page, x, y, box.x > x ? box.x - 2 : box.x + box.width + 2, box.y - 4, "leader");
        label(page, box.x, box.y, name, "start", point.chosen ? "name strong" : "name");
    }
    end_figure(page, plot.title);
}

}  // namespace scale::report

// Plots of one row a line: bars with whiskers, the forest plot of the gate, and pairs of shares.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/svg_axes.h"

namespace scale::report {

namespace {

constexpr double width = 720;
constexpr double left = 170;
constexpr double right = 540;
constexpr double row_height = 26;

std::string cut(const std::string& text, std::size_t limit) {
    return text.size() <= limit ? text : text.substr(0, limit - 1) + "…";
}

}  // namespace

void draw(Html& page, const BarPlot& plot) {
    if (plot.rows.empty()) return;
    double high = plot.reference;
    for (const Row& row : plot.rows) high = std::max({high, row.value, row.high});
    const Scale x{0, high > 0 ? high * 1.05 : 1, left, right};
    const double bottom = 20 + row_height * static_cast<double>(plot.rows.size());
    begin_figure(page, width, bottom + 34, plot.title, plot.description);
    for (const double tick : ticks(x.low, x.high, 6)) {
        line(page, x(tick), 16, x(tick), bottom, "grid");
        label(page, x(tick), bottom + 16, short_number(tick), "middle", "tick");
    }
    double y = 20;
    for (const Row& row : plot.rows) {
        const double middle = y + row_height / 2;
        page.empty("rect", {{"x", fmt::format("{:.1f}", left)},
                            {"y", fmt::format("{:.1f}", y + 5)},
                            {"width", fmt::format("{:.1f}", std::max(x(row.value) - left, 0.5))},
                            {"height", fmt::format("{:.1f}", row_height - 10)},
                            {"class", std::string(row.emphasised ? "bar chosen " : "bar ") +
                                          (row.source == Source::measured ? "measured" : "estimated")}});
        if (row.high > row.low) {
            line(page, x(row.low), middle, x(row.high), middle, "whisker");
            for (const double end : {row.low, row.high}) line(page, x(end), middle - 4, x(end), middle + 4, "whisker");
        }
        label(page, left - 8, middle + 4, cut(row.label, 24), "end", row.emphasised ? "name strong" : "name");
        label(page, right + 10, middle + 4, row.figure, "start", "figure");
        y += row_height;
    }
    if (plot.reference > 0) {
        line(page, x(plot.reference), 12, x(plot.reference), bottom, "bar-line");
        label(page, x(plot.reference), 10, plot.reference_label, "middle", "tick");
    }
    end_figure(page, plot.title);
}

void draw(Html& page, const ForestPlot& plot) {
    if (plot.rows.empty()) return;
    double low = -0.2;
    double high = 1.4;
    for (const ForestRow& row : plot.rows) {
        low = std::min(low, std::max(row.loss, -2.0) - 0.1);
        high = std::max(high, std::min(row.upper, 3.0) + 0.1);
    }
    const Scale x{low, high, left, right};
    const double bottom = 26 + row_height * static_cast<double>(plot.rows.size());
    begin_figure(page, width, bottom + 40, plot.title, plot.description);
    page.empty("rect", {{"x", fmt::format("{:.1f}", x(1))},
                        {"y", "18"},
                        {"width", fmt::format("{:.1f}", right - x(1))},
                        {"height", fmt::format("{:.1f}", bottom - 18)},
                        {"class", "beyond"}});
    line(page, x(0), 18, x(0), bottom, "grid");
    line(page, x(1), 14, x(1), bottom, "bar-line");
    label(page, x(1), 11, "margin", "middle", "tick");
    label(page, x(0), bottom + 16, "no loss", "middle", "tick");
    label(page, x(1), bottom + 16, "whole margin", "middle", "tick");
    double y = 26;
    for (const ForestRow& row : plot.rows) {
        const double middle = y + row_height / 2;
        const bool weak = row.result == "NO POWER";
        line(page, x(row.loss), middle, x(row.upper), middle, weak ? "whisker dashed" : "whisker");
        line(page, x(row.upper), middle - 5, x(row.upper), middle + 5, "whisker");
        mark(page, x(row.loss), middle, weak ? Source::estimated : Source::measured, false,
             row.label + ": " + row.figure + ", " + row.result);
        label(page, left - 8, middle + 4, cut(row.label, 24), "end", "name");
        label(page, right + 10, middle + 4, row.result + "  " + row.figure, "start",
              row.result == "PASS" ? "figure" : "figure strong");
        y += row_height;
    }
    end_figure(page, plot.title);
}

void draw(Html& page, const PairPlot& plot) {
    if (plot.rows.empty()) return;
    double high = 0;
    for (const PairRow& row : plot.rows) high = std::max({high, row.first, row.second});
    const Scale x{0, high > 0 ? high * 1.05 : 1, left, right};
    const double pair_height = row_height + 8;
    const double bottom = 10 + pair_height * static_cast<double>(plot.rows.size());
    begin_figure(page, width, bottom + 10, plot.title, plot.description);
    double y = 10;
    for (const PairRow& row : plot.rows) {
        const auto bar = [&](double value, double offset, const char* style, const std::string& name) {
            page.empty("rect", {{"x", fmt::format("{:.1f}", left)},
                                {"y", fmt::format("{:.1f}", y + offset)},
                                {"width", fmt::format("{:.1f}", std::max(x(value) - left, 0.5))},
                                {"height", "11"},
                                {"class", style}});
            label(page, x(value) + 6, y + offset + 10, fmt::format("{:.1f} % {}", 100 * value, name), "start", "tick");
        };
        label(page, left - 8, y + 18, cut(row.label, 24), "end", "name");
        bar(row.first, 2, "bar first", plot.first_name);
        bar(row.second, 15, "bar second", plot.second_name);
        y += pair_height;
    }
    end_figure(page, plot.title);
}

}  // namespace scale::report

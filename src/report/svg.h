// Plots as inline SVG. Each has a title and a description for those who cannot see it, text beside every mark, and
// tells measured from estimated by shape and line as well as by colour: filled discs and solid whiskers are measured,
// hollow diamonds and dashed whiskers are estimated. Colours come from the page's style sheet, so dark mode and print
// follow.
#pragma once

#include <string>
#include <vector>

#include "report/html.h"

namespace scale::report {

enum class Source { measured, estimated };

// One point of a scatter plot. The vertical axis is logarithmic.
struct Point {
    std::string label;
    double x = 0;
    double y = 0;
    double y_low = 0;
    double y_high = 0;
    Source source = Source::estimated;
    bool chosen = false;
};

struct ScatterPlot {
    std::string title;
    std::string description;
    std::string x_label;
    std::string y_label;
    std::vector<Point> points;
};
void draw(Html& page, const ScatterPlot& plot);

// A row of a bar, dot-and-whisker or forest plot.
struct Row {
    std::string label;
    double value = 0;
    double low = 0;  // whisker; equal to value: none
    double high = 0;
    std::string figure;  // the value in words, at the right
    Source source = Source::measured;
    bool emphasised = false;
};

struct BarPlot {
    std::string title;
    std::string description;
    double reference = 0;  // a vertical line; 0: none
    std::string reference_label;
    std::vector<Row> rows;
};
void draw(Html& page, const BarPlot& plot);

// Losses in shares of their margins: 1 is the bar. Left of it passes.
struct ForestRow {
    std::string label;
    double loss = 0;   // difference over margin
    double upper = 0;  // upper limit over margin
    std::string figure;
    std::string result;  // "PASS", "FAIL", "INCONCLUSIVE", "NO POWER"
};
struct ForestPlot {
    std::string title;
    std::string description;
    std::vector<ForestRow> rows;
};
void draw(Html& page, const ForestPlot& plot);

// Two shares for each group side by side: traffic and calibration set.
struct PairRow {
    std::string label;
    double first = 0;   // 0…1
    double second = 0;  // 0…1
};
struct PairPlot {
    std::string title;
    std::string description;
    std::string first_name;
    std::string second_name;
    std::vector<PairRow> rows;
};
void draw(Html& page, const PairPlot& plot);

// Small dots by layer, one series a kind of tensor.
struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  // layer, error
};
struct LayerPlot {
    std::string title;
    std::string description;
    std::string y_label;
    std::vector<Series> series;
};
void draw(Html& page, const LayerPlot& plot);

}  // namespace scale::report

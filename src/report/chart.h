// A plot of the report: what it shows, in words and in numbers.
//
// The page carries a plot as a block of data, which the page's script draws (web/report, one file a kind in charts/).
// Every plot is accompanied by a table with the same numbers, so that the page says the same where no script runs.
#pragma once

#include <string>

#include "core/json.h"
#include "report/html.h"

namespace scale::report {

struct Chart {
    std::string kind;     // "candidates", "speeds", "coverage", "layers", "gate", "pairs" or "evidence"
    std::string title;    // with whether it is measured or estimated
    std::string reading;  // how to read it
    std::string summary;  // what there is to see, for those who cannot
    core::Json data;      // of the kind's own form, see web/report/charts
};

void draw(Html& page, const Chart& chart);

}  // namespace scale::report

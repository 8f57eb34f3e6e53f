// Confidence limits of a high percentile over clustered values, by order statistics.
//
// "The 99.9th percentile is at most L" says that at most 0.1 % of the values lie above L. Which counts above L are
// compatible with that follows from the exact binomial limits, so the limit of the percentile is an order statistic of
// the sample, whatever the values' law. Values of one text resemble each other: counts are divided by a design effect,
// as surveys do (Korn and Graubard, Survey Methodology 24, 1998). A few texts show too little of their own differences,
// so what exceeds 1 of the estimated effect counts twice; bench/gate_simulation.cpp shows that the level then holds. A
// bootstrap of so extreme a quantile would never look beyond the largest value seen.
#pragma once

#include <vector>

namespace scale::quality {

struct PercentileEstimate {
    double value = 0;
    double lower = 0;  // one-sided limits, each at 1 − α; −infinity, +infinity where the sample is too small for one
    double upper = 0;
    double design_effect = 1;  // that the limits were made with
    int n = 0;
    int needed = 0;  // values at which an upper limit exists at all, at this design effect
};

// `texts`: the values of each cluster; 0 < p < 1.
PercentileEstimate percentile_limits(const std::vector<std::vector<double>>& texts, double p, double alpha);

}  // namespace scale::quality

// The decision of one check of the gate; the rules stand in gate.h.
#pragma once

#include <string>

#include "quality/statistics/bootstrap.h"
#include "record/payload.h"

namespace scale::quality {

// Limits that could not be had (too few texts) are written as this, since JSON knows no infinity.
inline constexpr double no_limit = 1e9;

struct Limits {
    double loss = 0;
    double lower = 0;
    double upper = 0;
    double margin = 0;
    bool significantly_worse = false;
};

std::string decide(const Limits& limits);

// How many times the sample must grow for the observed mean to pass with power 0.8; 0 where it never would.
double growth_needed(const MeanEstimate& estimate, double margin, double alpha);

// The smallest margin that a mean with this standard error shows with power 0.8 where nothing is lost in truth.
double reachable_margin(double standard_error, double alpha);

// Fills level, reachable, difference, upper, margin, result, clusters and items_needed (in units of `check.n`) from a
// bootstrap.
void apply_estimate(record::GateCheck& check, const MeanEstimate& estimate, double margin, double alpha,
                    bool alarm_counts);

// "Tango score, one-sided 95 %" and its like.
std::string level_text(double alpha);

}  // namespace scale::quality

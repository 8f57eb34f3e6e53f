// The error rate of a gate that may look several times.
//
// A comparison that is made at level α at each of K looks passes falsely more often than α. A spending function says
// how much of α the first k looks may use together, by the share t of the last look's data that they have seen (Lan and
// DeMets, Biometrika 70, 1983):
//   "obrien_fleming"  2 − 2Φ(z₁₋α/₂ / √t): early looks get next to nothing, the last nearly all of α;
//   "even"            α·t.
// The level of each look then follows from the joint law of the test statistics, which at shares t₁ < t₂ < … behave as
// a Brownian motion at those times, by numerical integration from look to look (Armitage, McPherson and Rowe, JRSS A
// 132, 1969).
#pragma once

#include <string>
#include <vector>

namespace scale::quality {

// Of alpha, by share `t` of the data, 0 < t ≤ 1.
double alpha_spent(double t, double alpha, const std::string& rule);

// The one-sided level of each look. `shares` rise and end with 1. One look has the level alpha.
std::vector<double> look_levels(const std::vector<double>& shares, double alpha, const std::string& rule);

}  // namespace scale::quality

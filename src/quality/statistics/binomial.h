// Exact limits of a proportion.
#pragma once

namespace scale::quality {

// The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22); a, b > 0, 0 ≤ x ≤ 1.
double beta_distribution(double x, double a, double b);

// One-sided limits at level 1 − α (Clopper and Pearson, Biometrika 26, 1934) of `count` in `n`, either of which may be
// fractional, as effective counts are.
double proportion_upper(double count, double n, double alpha);
double proportion_lower(double count, double n, double alpha);

}  // namespace scale::quality

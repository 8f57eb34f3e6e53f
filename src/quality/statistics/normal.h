// The standard normal distribution.
#pragma once

namespace scale::quality {

double normal_cdf(double z);

// The z with normal_cdf(z) = p, for 0 < p < 1; ±infinity at the ends.
double normal_quantile(double p);

}  // namespace scale::quality

#include "quality/statistics/binomial.h"

#include <cmath>
#include <initializer_list>

namespace scale::quality {
namespace {

constexpr double tiny = 1e-300;

double away_from_zero(double value) {
    return std::abs(value) < tiny ? tiny : value;
}

// The continued fraction of I_x(a, b), evaluated from the front (Lentz's method).
double fraction(double x, double a, double b) {
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double value = d;
    for (int m = 1; m < 10000; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (const double term : {even, odd}) {
            d = 1 / away_from_zero(1 + term * d);
            c = away_from_zero(1 + term / c);
            change = d * c;
            value *= change;
        }
        if (std::abs(change - 1) < 1e-15) break;
    }
    return value;
}

// The x at which I_x(a, b) = p.
double beta_quantile(double p, double a, double b) {
    double low = 0, high = 1;
    for (int step = 0; step < 100; ++step) {
        const double middle = 0.5 * (low + high);
        (beta_distribution(middle, a, b) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace

double beta_distribution(double x, double a, double b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b;
}

double proportion_upper(double count, double n, double alpha) {
    return n <= 0 || count >= n ? 1 : beta_quantile(1 - alpha, count + 1, n - count);
}

double proportion_lower(double count, double n, double alpha) {
    return n <= 0 || count <= 0 ? 0 : beta_quantile(alpha, count, n - count + 1);
}

}  // namespace scale::quality

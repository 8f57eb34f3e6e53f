// Prints what the gate's statistics give on a grid of arguments, one JSON object a line; scripts/check_statistics.py
// computes the same with scipy and statsmodels and compares.
#include <cmath>

#include <fmt/format.h>

#include "core/json.h"
#include "quality/statistics/binomial.h"
#include "quality/statistics/bootstrap.h"
#include "quality/statistics/design_effect.h"
#include "quality/statistics/mcnemar.h"
#include "quality/statistics/normal.h"
#include "quality/statistics/sample_size.h"
#include "quality/statistics/spending.h"
#include "quality/statistics/tango.h"

namespace {

using namespace scale::quality;
using scale::core::Json;

void print(const char* name, const Json& arguments, const Json& value) {
    fmt::print("{}\n", scale::core::canonical({{"name", name}, {"arguments", arguments}, {"value", value}}));
}

}  // namespace

int main() {
    for (const double p : {1e-9, 0.001, 0.025, 0.05, 0.3, 0.8, 0.95, 0.999})
        print("normal_quantile", {p}, normal_quantile(p));
    for (const double z : {-6.0, -1.6448536, -0.1, 0.0, 2.5}) print("normal_cdf", {z}, normal_cdf(z));
    for (int b = 0; b <= 40; b += 4)
        for (int c = 0; c <= 40; c += 5)
            if (b + c > 0) print("mcnemar_worse", {b, c}, mcnemar_worse(b, c));
    for (const int n : {30, 100, 541, 1319})
        for (const int b : {0, 3, 12, 25})
            for (const int c : {0, 2, 5})
                for (const double margin : {0.01, 0.03, 0.1})
                    print("tango_score", {n, b, c, margin}, tango_score(n, b, c, margin));
    for (const int n : {30, 60})
        for (const int b : {0, 1, 3})
            for (const int c : {0, 2})
                for (const double margin : {0.05, 0.1})
                    print("exact_noninferiority_p", {n, b, c, margin}, exact_noninferiority_p({n, b, c}, margin));
    for (const double n : {20.0, 299.0, 812.5})
        for (const double count : {0.0, 1.0, 7.25, 19.0}) {
            print("proportion_upper", {count, n}, proportion_upper(count, n, 0.05));
            print("proportion_lower", {count, n}, proportion_lower(count, n, 0.05));
            print("wilson_lower", {count / n, n}, wilson_lower(count / n, n, 0.05));
        }
    for (const double discordance : {0.03, 0.1, 0.2})
        for (const double margin : {0.03, 0.05})
            for (const double power : {0.8, 0.95})
                print("paired_sample_size", {discordance, 0.0, margin, 0.05, power},
                      paired_sample_size({discordance, 0, margin, 0.05, power}));
    for (const auto& shares : {std::vector<double>{0.5, 1}, {1.0 / 3, 2.0 / 3, 1}, {0.2, 0.6, 0.9, 1}})
        for (const char* rule : {"obrien_fleming", "even"})
            print("look_levels", {shares, rule}, look_levels(shares, 0.05, rule));
    std::vector<Cluster> clusters;
    Json plain = Json::array();
    for (int i = 0; i < 60; ++i) {
        const double weight = 5 + i % 7;
        const double sum = weight * (0.1 + 0.05 * std::sin(i) + 0.002 * (i % 11) * (i % 11));
        clusters.push_back({sum, weight});
        plain.push_back({sum, weight});
    }
    const MeanEstimate estimate = bootstrap_mean(clusters, 0.05, 1, 40000);
    print("bootstrap_mean", plain, {estimate.mean, estimate.standard_error, estimate.lower, estimate.upper});
    std::vector<ClusteredValue> values;
    Json listed = Json::array();
    for (int i = 0; i < 90; ++i) {
        const double value = std::sin(i / 9) + 0.3 * std::cos(7.0 * i);
        values.push_back({i / 9, value});
        listed.push_back({i / 9, value});
    }
    print("design_effect", listed, design_effect(values));
}

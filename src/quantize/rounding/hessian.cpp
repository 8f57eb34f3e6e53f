#include "quantize/rounding/hessian.h"

#include <algorithm>
#include <cblas.h>
#include <cmath>
#include <lapacke.h>

#include "core/error.h"

namespace scale::quantize {

std::vector<float> diagonal(const Moments& moments) {
    std::vector<float> values(static_cast<std::size_t>(moments.columns));
    for (int i = 0; i < moments.columns; ++i) values[static_cast<std::size_t>(i)] = moments.at(i, i);
    return values;
}

Moments regularised(const Moments& moments, double shrinkage, double ridge) {
    const auto n = static_cast<std::size_t>(moments.columns);
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += moments.values[i * n + i];
    mean = std::max(mean / static_cast<double>(n), 1e-20);
    Moments result = moments;
    const auto keep = static_cast<float>(1 - shrinkage);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            if (i != j) result.values[i * n + j] *= keep;
    constexpr double silent_share = 0.1;
    for (std::size_t i = 0; i < n; ++i) {
        const double share = moments.values[i * n + i] > 0 ? ridge : std::max(ridge, silent_share);
        result.values[i * n + i] += static_cast<float>(share * mean);
    }
    return result;
}

FeedbackFactors factorise(const Moments& moments) {
    const auto n = static_cast<std::size_t>(moments.columns);
    // With rows and columns in reverse order, H = L Lᵀ; back in order that is H = R Rᵀ with R upper triangular, so that
    // H⁻¹ = Uᵀ U with U = R⁻¹.
    std::vector<double> matrix(moments.values.rbegin(), moments.values.rend());
    const auto order = static_cast<lapack_int>(n);
    const auto fail = [](const char* step) {
        return core::input_error(std::string("input moments cannot be ") + step, "a positive definite, finite matrix",
                                 "raise the ridge, or collect more tokens");
    };
    // Column-major 'U' is row-major 'L' without the copy that LAPACKE makes of a row-major matrix.
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', order, matrix.data(), order) != 0) throw fail("factorised");
    if (LAPACKE_dtrtri(LAPACK_COL_MAJOR, 'U', 'N', order, matrix.data(), order) != 0) throw fail("inverted");
    FeedbackFactors factors;
    factors.columns = moments.columns;
    factors.upper.assign(n * n, 0.0f);
    factors.importance.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i; j < n; ++j)
            factors.upper[i * n + j] = static_cast<float>(matrix[n * n - 1 - (i * n + j)]);
        const double pivot = matrix[n * n - 1 - (i * n + i)];
        factors.importance[i] = static_cast<float>(1.0 / (pivot * pivot));
        if (!std::isfinite(factors.importance[i])) throw fail("factorised");
    }
    return factors;
}

double proxy_loss(const Moments& moments, std::span<const float> errors, int rows) {
    const int n = moments.columns;
    std::vector<float> product(errors.size());
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, n, 1.0f, errors.data(), n, moments.values.data(), n,
                0.0f, product.data(), n);
    double sum = 0;
    for (std::size_t i = 0; i < errors.size(); ++i) sum += static_cast<double>(product[i]) * errors[i];
    return sum;
}

}  // namespace scale::quantize

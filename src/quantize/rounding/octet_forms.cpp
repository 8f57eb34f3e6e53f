#include "quantize/rounding/octet_forms.h"

#include <array>

namespace scale::quantize {

namespace {

using Square = std::array<std::array<double, octet>, octet>;

// The inverse of the upper triangular 8 × 8 block at (first, first), column by column from its diagonal upwards.
Square inverse_of_block(const FeedbackFactors& factors, std::size_t first) {
    const auto n = static_cast<std::size_t>(factors.columns);
    const auto u = [&](std::size_t i, std::size_t j) {
        return static_cast<double>(factors.upper[(first + i) * n + first + j]);
    };
    Square v{};
    for (std::size_t j = 0; j < octet; ++j) {
        v[j][j] = 1 / u(j, j);
        for (std::size_t i = j; i-- > 0;) {
            double sum = 0;
            for (std::size_t k = i + 1; k <= j; ++k) sum += u(i, k) * v[k][j];
            v[i][j] = -sum / u(i, i);
        }
    }
    return v;
}

}  // namespace

OctetForms conditional_forms(const FeedbackFactors& factors) {
    OctetForms forms;
    forms.values.reserve(static_cast<std::size_t>(factors.columns) * octet);
    for (std::size_t first = 0; first < static_cast<std::size_t>(factors.columns); first += octet) {
        const Square v = inverse_of_block(factors, first);
        for (std::size_t i = 0; i < octet; ++i)
            for (std::size_t j = 0; j < octet; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < octet; ++k) sum += v[i][k] * v[j][k];
                forms.values.push_back(static_cast<float>(sum));
            }
    }
    return forms;
}

}  // namespace scale::quantize

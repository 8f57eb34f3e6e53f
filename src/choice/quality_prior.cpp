#include "choice/quality_prior.h"

#include <cmath>

#include <fmt/format.h>

namespace scale::choice {

namespace {

constexpr double sigma = 0.5;                // of ln KL, across models
constexpr double table_parameters = 8.03e9;  // of the model the table was measured on

constexpr double superblock_slope = 1.22;
constexpr double widest_fitted = 6.5625;  // the widest type of the fit, Q6_K
const double ln_kl_of_q8_0 = std::log(.0014);

// A file wider than the fit's types consists of 8-bit fallbacks for the most part: between the end of the fit and Q8_0.
double ln_kl_of_wide_mix(double bits) {
    const double at_end = std::log(.050) - superblock_slope * (widest_fitted - 4.5);
    return at_end + (ln_kl_of_q8_0 - at_end) * (bits - widest_fitted) / (8.5 - widest_fitted);
}

// ln KL at `bits` on the table's model.
double ln_kl_on_table_model(const CandidateType& type, double bits) {
    if (bits > widest_fitted && (type.family == Family::codebook || type.family == Family::superblock))
        return ln_kl_of_wide_mix(bits);
    if (type.family == Family::codebook) return std::log(.037) - 1.41 * (bits - 4.5);
    if (type.family == Family::superblock) return std::log(.050) - superblock_slope * (bits - 4.5);
    if (type.nominal_bits >= 8) return ln_kl_of_q8_0 - superblock_slope * (bits - 8.5);
    return std::log(.0719) - superblock_slope * (bits - 4.64);
}

std::string source(std::uint64_t parameters) {
    std::string text = fmt::format(
        "estimated (prior fitted to llama.cpp's KL table of an 8B model, at the true bits per weight; σ {:.1f} in ln; "
        "training tokens unknown, 1900 per parameter assumed",
        sigma);
    const double ratio = table_parameters / static_cast<double>(parameters);
    if (ratio > 4)
        text += fmt::format(
            "; far extrapolation: this model has {:.0f} times fewer parameters, and small models lose more", ratio);
    if (ratio < 0.25) text += fmt::format("; far extrapolation: this model has {:.0f} times the parameters", 1 / ratio);
    return text + ")";
}

}  // namespace

KlEstimate estimate_kl(const CandidateType& type, double bits_per_weight, std::uint64_t parameters) {
    if (type.family == Family::gpu || parameters == 0 || !(bits_per_weight > 0)) return {};
    if (type.family == Family::reference) return {0, 0, 0, "estimated (16 bits: no loss to speak of)"};
    const double size = -0.25 * std::log(static_cast<double>(parameters) / 8e9);
    const double ln_kl = ln_kl_on_table_model(type, bits_per_weight) + size;
    return {std::exp(ln_kl), std::exp(ln_kl - sigma), std::exp(ln_kl + sigma), source(parameters)};
}

}  // namespace scale::choice

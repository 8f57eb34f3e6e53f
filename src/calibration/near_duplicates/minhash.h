// MinHash signatures: how alike two texts are as sets of 5-grams of characters, from 256 bytes each.
//
// One permutation with 128 bins (Li, Owen & Zhang, NIPS 2012), empty bins filled by optimal densification (Shrivastava,
// ICML 2017): the share of equal bins estimates the Jaccard similarity without bias, with a standard deviation of about
// √(J (1 − J) / 128), 0.04 at 0.7. Bins are kept to 16 bits, which adds 2^−16.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace scale::calibration {

inline constexpr std::size_t signature_bins = 128;
using Signature = std::array<std::uint16_t, signature_bins>;

// Of the text in lower case with single spaces; at most its first 8 KiB. A text under five characters is one gram.
Signature signature_of(std::string_view text);

// Estimated Jaccard similarity, 0…1.
double similarity(const Signature& a, const Signature& b);

inline constexpr double near_duplicate = 0.7;  // from here on two texts count as nearly the same

}  // namespace scale::calibration

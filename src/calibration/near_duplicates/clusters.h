// Clusters of near-duplicates, by locality-sensitive hashing: signatures are cut into 16 bands of 8 bins, and texts
// that agree in a whole band are compared. A pair of similarity s is looked at with probability 1 − (1 − s^8)^16: 61 %
// at 0.7, 96 % at 0.8, 99.99 % at 0.9. Whoever needs to be certain compares all pairs (see split.h).
#pragma once

#include <cstddef>
#include <vector>

#include "calibration/near_duplicates/minhash.h"

namespace scale::calibration {

// The cluster of every signature, named by its first member. Linear in the number of signatures: within a band, a text
// is compared with at most eight others.
std::vector<std::size_t> near_duplicate_clusters(const std::vector<Signature>& signatures);

}  // namespace scale::calibration

#include "calibration/near_duplicates/clusters.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace scale::calibration {

namespace {

constexpr std::size_t bands = 16;
constexpr std::size_t rows = signature_bins / bands;
constexpr std::size_t compared = 8;

std::uint64_t band_key(const Signature& signature, std::size_t band) {
    std::uint64_t hash = 0xcbf29ce484222325u + band;
    for (std::size_t i = band * rows; i < (band + 1) * rows; ++i) hash = (hash ^ signature[i]) * 0x100000001b3u;
    return hash ^ (hash >> 29);
}

std::size_t root_of(std::vector<std::size_t>& parent, std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

void join(std::vector<std::size_t>& parent, std::size_t a, std::size_t b) {
    const std::size_t one = root_of(parent, a);
    const std::size_t two = root_of(parent, b);
    parent[std::max(one, two)] = std::min(one, two);
}

}  // namespace

std::vector<std::size_t> near_duplicate_clusters(const std::vector<Signature>& signatures) {
    std::vector<std::size_t> parent(signatures.size());
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    for (std::size_t band = 0; band < bands; ++band) {
        std::unordered_map<std::uint64_t, std::vector<std::size_t>> buckets;
        buckets.reserve(signatures.size());
        for (std::size_t i = 0; i < signatures.size(); ++i) {
            auto& bucket = buckets[band_key(signatures[i], band)];
            for (const std::size_t other : bucket)
                if (root_of(parent, other) != root_of(parent, i) &&
                    similarity(signatures[other], signatures[i]) >= near_duplicate)
                    join(parent, other, i);
            if (bucket.size() < compared) bucket.push_back(i);
        }
    }
    for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = root_of(parent, i);
    return parent;
}

}  // namespace scale::calibration

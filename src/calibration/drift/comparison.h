// Whether new traffic is the traffic that a set was drawn from: two-sample tests by permutation of whole conversations.
//
// For each share (format, script, length, topic, system prompt) the statistic is the population stability index
// Σ (p − q) ln(p / q); for what users write it is the squared distance of the mean features, a kernel two-sample test
// with a linear kernel (Gretton et al., JMLR 2012). A fixed threshold (the usual PSI 0.1 and 0.2) cries wolf on small
// samples and sleeps on large ones, and requests of one conversation are not independent; so the null distribution
// comes from dealing the conversations of both sides out again, many times. Under unchanged traffic each test then
// exceeds its threshold with its part of alpha, exactly, whatever the sizes (Hoeffding, 1952).
//
// Being significant is not enough: with much traffic every trifle is. A test counts as drifted where besides the shift,
// less what noise alone would show, is large enough to matter (least_effect).
#pragma once

#include <cstdint>
#include <vector>

#include "calibration/drift/profile.h"
#include "record/payload.h"

namespace scale::calibration {

inline constexpr double check_alpha = 0.01;             // of one whole check
inline constexpr std::size_t least_requests = 500;      // below, "keep" cannot be said
inline constexpr std::size_t least_conversations = 40;  // on each side

struct ComparisonOptions {
    double alpha = check_alpha;
    int permutations = 1999;
    std::uint64_t seed = 1;
};

// verdict, sentence, alpha, tests, requests, conversations and needed; the caller fills in the log. Pure: the same
// observations and seed give the same result.
record::TrafficCheck compare_traffic(const TrafficProfile& profile, const std::vector<Observation>& now,
                                     const ComparisonOptions& options);

}  // namespace scale::calibration

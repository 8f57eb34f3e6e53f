// What clustering costs: items on one document resemble each other, so n items carry the information of n / deff.
//
// deff = 1 + (m − 1)·ρ (Kish, Survey Sampling, 1965) with m = Σmᵢ² / Σmᵢ the size of the cluster that a random item is
// in, and ρ the intra-cluster correlation by one-way analysis of variance. It is taken of the *paired difference*,
// since that is what the gate tests: a hard document makes both models fail and cancels. The floor of 1 stands because
// a negative estimate of ρ is noise, and crediting it would claim more items than were asked.
#pragma once

#include <vector>

namespace scale::quality {

struct ClusteredValue {
    int cluster = 0;
    double value = 0;
};

double design_effect(const std::vector<ClusteredValue>& values);

// Lower one-sided limit of a proportion by Wilson's score, for `n` possibly fractional (effective) trials.
double wilson_lower(double share, double n, double alpha);

}  // namespace scale::quality

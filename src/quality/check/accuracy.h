// The comparison of two models by what they get right: Tango's score on the paired counts.
#pragma once

#include <string>
#include <vector>

#include "quality/check/paired_items.h"
#include "record/payload.h"

namespace scale::quality {

// The design effect of the clusters on the paired difference.
double difference_design_effect(const std::vector<PairedOutcome>& outcomes);

// Everything of an accuracy (or agreement) check but the headroom; `name` is its category, too. `margin` is a share.
record::GateCheck accuracy_check(const std::string& name, const std::vector<PairedOutcome>& outcomes, double effect,
                                 double margin, double alpha);

// Whether the original scores so far above chance that it could lose the margin twice over (its lower limit at 1 − α).
bool has_headroom(const std::vector<PairedOutcome>& outcomes, double chance, double margin, double alpha);

// Turns the check into NO POWER for want of headroom.
void withdraw(record::GateCheck& check);

}  // namespace scale::quality

// Which of the stated targets does the original, as measured, violate? Pure functions.
//
// Every target is judged by its load: how many times the original takes more than the target allows.
//   memory       planned MiB ÷ memory_mib
//   throughput   requests_per_minute wanted ÷ measured
//   cost         measured price per million tokens ÷ price_per_million_tokens
// A load above 1 violates. Rates are measured with noise, so there are three loads: at the median round and at the
// rounds most and least favourable to the original. Where the measurement names the constraint, the median decides;
// where a person states it, the measurement contradicts only if even the slowest round meets the target.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/pass_file.h"
#include "record/payload.h"

namespace scale::constraint {

// What was measured of the original.
struct Measurement {
    record::Memory memory;
    record::Speed speed;
};

// Requests of the workload a machine serves, turned into a price; 0 where either figure is.
double price_per_million_tokens(double price_per_hour, const record::Workload& workload, double requests_per_minute);

struct TargetCheck {
    std::string kind;        // "memory", "throughput" or "cost"
    double needed = 0;       // MiB, requests a minute or price per million tokens, as stated in scale.toml
    record::Measured found;  // in the same unit
    double load = 0;         // at the median
    double load_low = 0;
    double load_high = 0;
    bool violated() const { return load > 1; }
    bool contradicted() const { return load_high <= 1; }
};

// Throws an input error naming a key that the stated kind or a half-stated cost target lacks, or where no target is
// stated at all.
void require_targets(const record::ConstraintSection& stated);

// The stated targets, in the order memory, throughput, cost. Errors as require_targets.
std::vector<TargetCheck> check_targets(const record::ConstraintSection& stated, const Measurement& measured);

struct Judgement {
    TargetCheck binding;              // the constraint of the pass
    std::vector<TargetCheck> checks;  // all stated targets
    bool overridden = false;          // the measurement contradicts it; a person's reason stands against that
};

// Names the constraint. Throws a refusal with the numbers where the measurement contradicts the stated kind, or where
// kind is "measure" and no target is violated; `because` (may be empty) overrides either.
Judgement judge_constraint(const record::ConstraintSection& stated, const Measurement& measured,
                           const std::string& because);

}  // namespace scale::constraint

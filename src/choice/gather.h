// What stage C starts from: the record's constraint, the machine, the original, and the candidates with their sizes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "choice/rules.h"
#include "hardware/probe.h"
#include "model/summary.h"
#include "record/pass.h"

namespace scale::choice {

// Facts of the original that the candidates' figures follow from.
struct Original {
    std::uint64_t parameters = 0;
    std::uint64_t tensor_bytes = 0;
    std::uint64_t embedding_bytes = 0;
};

struct Gathered {
    Situation situation;  // without pin and plan
    hardware::Machine machine;
    std::filesystem::path model;
    model::ModelSummary summary;
    Original original;
    std::string basis;  // hash of the constraint's entry
};

// Refuses where stage S is not done or the original is not the file that it measured.
Gathered gather(const record::Pass& pass);

// All candidates with their true sizes, memory and estimated quality, from the engine's dry run.
std::vector<record::Candidate> list_candidates(const record::Pass& pass, const Gathered& facts);

}  // namespace scale::choice

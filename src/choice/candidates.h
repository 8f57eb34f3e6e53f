// The types that stage C chooses among, and what is known of each before anything is measured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/payload.h"

namespace scale::choice {

// How a type lays out its grid; the quality prior differs by family (quality_prior.h).
enum class Family { reference, legacy, superblock, codebook, gpu };

struct CandidateType {
    std::string_view name;    // for llama.cpp, the mix of the stock quantiser
    std::string_view target;  // deployment: "llama.cpp" or "vllm"
    double nominal_bits;      // what the name promises, before fallbacks
    Family family;
    std::string_view documented;       // facts from others for types not measured here, "" for those that are
    std::string_view checkpoint = "";  // vllm: its name in `scale quantize --format`, "" where it is not written
    double stored_bits = 0;            // vllm: of a weight of a linear layer, scales and zero points included
};

// In falling order of nominal bits; the candidates of every deployment.
const std::vector<CandidateType>& candidate_types();

// The record's candidate of a type, its sizes still unknown.
record::Candidate unsized_candidate(const CandidateType& type);

// The type of that name in any case; an input error that suggests the nearest where there is none.
const CandidateType& candidate_type(std::string_view name);

}  // namespace scale::choice

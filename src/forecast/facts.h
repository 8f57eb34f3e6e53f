// What is known before a step runs, from scale.toml, the record, the model's header and the machine. No model is
// loaded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/summary.h"
#include "record/pass.h"

namespace scale::forecast {

// Tokens a second of the original.
struct Pace {
    double prefill = 0;
    double decode = 0;        // one sequence
    double batch_decode = 0;  // the workload's sequences together, summed
    std::string how;          // "at stage S's measured 786 tokens/s"
};

struct Facts {
    record::PassFile file;
    model::ModelSummary original;  // where a folder is still to be converted, only sizes, estimated from the folder's
    bool to_convert = false;       // a Hugging Face folder, by stage S

    int threads = 1;
    std::uint64_t memory_available = 0;
    Pace pace;
    std::uint64_t serving_memory = 0;  // of the original for the workload
    std::uint64_t traffic_bytes = 0;   // of the log; 0 where there is none
    double traffic_tokens = 0;         // of a request, estimated from the log's first lines; 0 where there are none

    // The record's current entries.
    std::optional<record::Constraint> constraint;
    std::optional<record::Decision> decision;
    std::optional<record::CalibrationSet> set;
    std::optional<record::Budget> budget;
    std::optional<record::Artefact> artefact;
    std::map<std::string, std::string> scoring;  // of the declared items: suite to "likelihood" or "generation"
};

// `set_again`: stage S is open again although its entry stands, so that nothing of it holds. Throws an input error
// where there is no model.
Facts gather(const record::Pass& pass, const record::Lineage& lineage, bool set_again);

// Mean tokens of a sample: of the set in force, else of the log, else of scale.toml's workload.
double sample_tokens(const Facts& facts);
std::uint64_t calibration_tokens(const Facts& facts);

// What the artefact will be, as far as is known: decided, pinned in scale.toml, or what the rules prefer.
struct ExpectedType {
    std::string name;  // "Q4_K_M"; "a four-bit type"
    double bits = 4;   // that it promises
    std::uint64_t bytes = 0;
};
ExpectedType expected_type(const Facts& facts);

// A type's file, by the bits that it promises; exact only in stage C's table.
std::uint64_t bytes_at(double bits, const model::ModelSummary& model);

}  // namespace scale::forecast

// How to serve an artefact: command lines to copy, as measured here or as the servers' own documentation has them.
#pragma once

#include <string>
#include <vector>

#include "record/payload.h"

namespace scale::report {

struct ServingLines {
    std::string server;  // "llama-server", "Ollama", "vLLM"
    std::string lines;   // for a shell, standing in the pass folder
    std::string note;    // what was and what was not measured with it
};

// Context, concurrency and cache type are those of the constraint's workload.
std::vector<ServingLines> serving_lines(const record::Artefact& artefact, const record::Workload& workload);

}  // namespace scale::report

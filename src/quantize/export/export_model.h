// Quantising a model onto a GPU format, layer by layer, into a Hugging Face folder and its twin.
//
// The twin is the original's GGUF with every tensor in F32. It is changed in place: decoded integers for weights, and
// what folding made of norms. So it computes what the checkpoint says, in the engine; the inputs of later layers are
// gathered from it, hence from the quantised prefix; and the gate can judge it. Layers are taken in runs whose moments
// and weights fit the memory limit: for each, inputs are gathered, channels folded (fold/search.h), matrices solved
// (uniform/solve_readers.h), and written to both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/token_set.h"
#include "quantize/export/checkpoint_writer.h"
#include "quantize/uniform/solve_readers.h"
#include "record/payload.h"

namespace scale::quantize {

struct ExportRequest {
    std::filesystem::path twin;
    CheckpointFormat format{};
    int group = 128;
    bool fold = true;                                     // scale channels where held-out inputs gain
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;  // for moments and weights of one run of layers
    SolveOptions options;
};

// One decision about channels.
struct FoldLine {
    std::string divided;
    double exponent = 0;
    double plain_loss = 0;
    double folded_loss = 0;
    bool taken = false;
};

struct ExportReport {
    std::vector<record::TensorCheck> tensors;  // rounded against folded weights; bytes as packed
    std::vector<FoldLine> folds;
    int feedback = 0;  // matrices rounded with error feedback; the others to nearest
    std::vector<std::string> notes;
};

// (share done, note)
using ExportProgress = std::function<void(double share, const std::string& note)>;

// The caller publishes the writer's folder.
ExportReport export_model(const ExportRequest& request, const SourceModel& source, const std::vector<Module>& modules,
                          const std::vector<model::TokenSequence>& calibration, CheckpointWriter& writer,
                          const ExportProgress& progress);

}  // namespace scale::quantize

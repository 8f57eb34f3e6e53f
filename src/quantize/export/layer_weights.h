// The weights of some layers in memory while they are folded and rounded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "quantize/export/source_model.h"
#include "quantize/fold/pairs.h"
#include "quantize/uniform/solve_readers.h"

namespace scale::quantize {

class LayerWeights {
  public:
    // Reads through the GGUF file whose numbers the engine runs; `source` says in which types the checkpoint stores
    // them.
    LayerWeights(const model::GgufFile& file, const SourceModel& source) : file_(file), source_(source) {}

    void load(const Module& module);
    bool has(const std::string& tensor) const { return matrices_.contains(tensor); }
    UniformReader& matrix(const std::string& tensor) { return matrices_.at(tensor); }

    // Divides by the scales what the pair divides and multiplies the columns of its readers. Gains of norms are stored
    // in few digits; so that the product stays as it is, the scales are first moved to what the stored gain gives.
    // Returns those.
    std::vector<float> fold(const FoldPair& pair, std::vector<float> scales);

    // Norms and biases that folding changed, by tensor, as the engine reads them: numbers that the checkpoint's type
    // holds.
    const std::map<std::string, std::vector<float>>& vectors() const { return vectors_; }

  private:
    std::vector<float> decoded(const std::string& tensor) const;
    void divide_gain(const std::string& norm, std::vector<float>& scales);
    void divide_rows(const FoldPair& pair, const std::vector<float>& scales);

    const model::GgufFile& file_;
    const SourceModel& source_;
    std::map<std::string, UniformReader> matrices_;
    std::map<std::string, std::vector<float>> vectors_;
};

}  // namespace scale::quantize

// The quantised network under tuning: float weights that are what the stored numbers decode to, at every step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "quantize/network/load.h"
#include "quantize/tune/tuned_matrix.h"
#include "quantize/tune/tuned_vector.h"

namespace scale::quantize {

// Bytes of every tensor that tuning may change.
using StoredTensors = std::map<std::string, std::vector<std::byte>>;

class TunedNetwork {
  public:
    // `network` is what `file` decodes to.
    TunedNetwork(const model::GgufFile& file, Network network, bool tunes_codes);
    TunedNetwork(const TunedNetwork&) = delete;

    const Network& network() const { return network_; }
    NetworkWeights& gradients() { return gradients_; }
    void clear_gradients();
    void step(const Adam& adam, const StepSizes& sizes, int threads);
    StoredTensors stored() const;
    int matrices() const { return static_cast<int>(matrices_.size()); }
    int vectors() const { return static_cast<int>(vectors_.size()); }

  private:
    struct MatrixPart {
        WeightMatrix* values;
        WeightMatrix* gradient;
        TunedMatrix tuned;
    };
    struct VectorPart {
        WeightMatrix* values;
        WeightMatrix* gradient;
        TunedVector tuned;
    };
    Network network_;
    NetworkWeights gradients_;
    std::vector<MatrixPart> matrices_;
    std::vector<VectorPart> vectors_;
};

// Overwrites the tensors in the file and makes them durable.
void store_tensors(const std::filesystem::path& path, const StoredTensors& tensors);

}  // namespace scale::quantize

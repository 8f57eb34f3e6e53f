// Reads the weights of a GGUF into a network that runs forward and backward in float.
#pragma once

#include <optional>
#include <string>

#include "model/gguf.h"
#include "quantize/network/shape.h"
#include "quantize/network/weights.h"

namespace scale::quantize {

struct Network {
    NetworkShape shape;
    NetworkWeights weights;
};

struct NetworkReading {
    std::optional<Network> network;
    std::string unsupported;  // where there is none: what the model has that this code does not do
};

// Any tensor type that the engine decodes. Takes 4 bytes a parameter. A tensor that the network has no place for makes
// the model unsupported, so that nothing is silently left out.
NetworkReading load_network(const model::GgufFile& file);

}  // namespace scale::quantize

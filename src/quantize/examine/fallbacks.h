// Tensors that could not get the type asked for.
#pragma once

#include <string>
#include <vector>

#include "engine/stock_quantize.h"

namespace scale::quantize {

// A sentence for people, naming the first few; none where every tensor got its type.
std::vector<std::string> notes_on(const engine::QuantizePlan& plan, const std::string& mix);

}  // namespace scale::quantize

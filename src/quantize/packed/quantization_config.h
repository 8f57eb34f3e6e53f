// What a checkpoint says of its own quantisation: the member quantization_config of config.json.
//
// Only keys that the readers know: compressed-tensors refuses a config with any other. Sources: vLLM's and
// transformers' readers of the three methods, and compressed-tensors' classes QuantizationConfig and QuantizationArgs.
#pragma once

#include "core/json.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

// Every linear layer but the head is quantised. `tool` names the writer, "scale 0.1.0", where a format has a place for
// it.
core::Json quantization_config(const CheckpointFormat& format, int group, const std::string& tool);

// The name of the file in which older readers of the format look for the same object; "" for none.
std::string_view own_config_file(const CheckpointFormat& format);

}  // namespace scale::quantize

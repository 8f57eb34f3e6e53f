// How many input columns share a scale, for all layers of a model alike.
#pragma once

#include <string>
#include <vector>

#include "quantize/export/source_model.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

// The largest of 128, 64 and 32 that divides the inputs of every layer, also after `devices` of them share a layer
// (attn_output and ffn_down are cut along their inputs); 0 for a format with one scale a row. Throws an input error
// naming the first layer that no group fits, or that the layout cannot hold.
int choose_group(const CheckpointFormat& format, const std::vector<Module>& modules, int devices);

// What stands against serving on 2, 4 or 8 devices, a sentence each.
std::vector<std::string> notes_on_devices(const CheckpointFormat& format, const std::vector<Module>& modules,
                                          int group);

}  // namespace scale::quantize

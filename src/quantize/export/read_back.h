// The proof that a written checkpoint says what the gate will judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "quantize/export/source_model.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

// Reads every quantised layer of the folder from the disk, decodes it by the layouts (packed/unpack.cpp) and compares
// it with the twin, number for number; norms and biases too. Returns how many weights were compared. Throws an error
// naming the first layer that differs.
std::uint64_t read_back(const std::filesystem::path& folder, const SourceModel& source,
                        const std::vector<Module>& modules, const CheckpointFormat& format, int group,
                        const std::filesystem::path& twin, const std::function<void(double)>& progress);

}  // namespace scale::quantize

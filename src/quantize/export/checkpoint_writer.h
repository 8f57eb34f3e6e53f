// The tensors of a checkpoint: those of the original's folder, with every quantised layer's weight replaced.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "model/safetensors/writer.h"
#include "quantize/export/source_model.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

class CheckpointWriter {
  public:
    // `folder` as for SafetensorsWriter; nothing of it is there before publish().
    CheckpointWriter(const std::filesystem::path& folder, const SourceModel& source, const std::vector<Module>& modules,
                     const CheckpointFormat& format, int group);

    // A layer's integers, rows in the order of GGUF.
    void add(const Module& module, const UniformMatrix& matrix);

    // A norm or bias in place of the original's; `values` as the engine reads them.
    void replace(const std::string& gguf_tensor, const std::vector<float>& values);

    // Where further files go that are to appear with the weights.
    const std::filesystem::path& staging() const { return writer_.staging(); }

    // Copies all tensors that were neither added nor replaced, and gives the folder its place.
    void publish();

  private:
    const SourceModel& source_;
    CheckpointFormat format_;
    model::SafetensorsWriter writer_;
    std::set<std::string> written_;  // tensors of the source folder
};

// The rows of a rounded matrix in another order.
UniformMatrix permuted(const UniformMatrix& matrix, std::uint64_t head_size, RowOrder direction);

}  // namespace scale::quantize

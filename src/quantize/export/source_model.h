// The Hugging Face folder that a checkpoint is made from, and how its tensors correspond to the original's GGUF file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"
#include "model/gguf.h"
#include "model/huggingface/model_folder.h"

namespace scale::quantize {

class SourceModel {
  public:
    // Throws an input error for a folder that cannot be read (model/huggingface/model_folder.h), is quantised already,
    // or whose linear layers are of several types.
    explicit SourceModel(const std::filesystem::path& folder);

    const std::filesystem::path& folder() const { return model_.weights.path(); }
    const model::SafetensorsFolder& weights() const { return model_.weights; }
    const core::Json& config() const { return config_; }
    const std::vector<model::MappedTensor>& tensors() const { return model_.tensors; }
    const model::MappedTensor* tensor(std::string_view gguf_name) const;
    model::Element type() const { return type_; }  // of the linear layers

    // Throws an input error naming the first tensor that is not, up to the rounding of a 16-bit type, the one of the
    // GGUF file. Decoder layers and embedding are compared whole. `progress` gets the share done.
    void require_same_as(const model::GgufFile& original, const std::function<void(double)>& progress) const;

  private:
    core::Json config_;
    model::ModelFolder model_;
    model::Element type_ = model::Element::f16;
};

// A linear layer that gets quantised.
struct Module {
    std::string tensor;  // "blk.0.attn_q.weight", in GGUF
    std::string module;  // "model.layers.0.self_attn.q_proj"
    int layer = 0;
    int rows = 0;
    int columns = 0;
    std::uint64_t head_size = 0;  // rows are permuted inside heads of so many (model/huggingface/tensor_map.h); 0: not
};

// The linear layers of all decoder blocks, in the order of the model. Throws an input error for a mixture of experts,
// whose layers lie in stacks.
std::vector<Module> quantised_modules(const SourceModel& source);

// Rows from the order of GGUF to that of the checkpoint, and back.
enum class RowOrder { to_checkpoint, to_gguf };

template <typename T>
std::vector<T> permuted_rows(const std::vector<T>& values, int rows, std::uint64_t head_size, RowOrder direction) {
    if (head_size == 0) return values;
    const std::size_t width = values.size() / static_cast<std::size_t>(rows);
    std::vector<T> result(values.size());
    for (std::size_t gguf = 0; gguf < static_cast<std::size_t>(rows); ++gguf) {
        const std::size_t stored = model::source_row(gguf, head_size);
        const std::size_t from = direction == RowOrder::to_checkpoint ? gguf : stored;
        const std::size_t to = direction == RowOrder::to_checkpoint ? stored : gguf;
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from * width), width,
                    result.begin() + static_cast<std::ptrdiff_t>(to * width));
    }
    return result;
}

}  // namespace scale::quantize

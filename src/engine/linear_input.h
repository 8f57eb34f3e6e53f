// Reading the inputs of linear layers out of the engine's graph nodes. For src/engine only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct ggml_tensor;

namespace scale::engine {

// The name under which a weight is kept; empty for a product that is not a linear layer (attention scores).
std::string weight_name(const ggml_tensor* weight);

// A matrix multiplication of a weight with float inputs.
bool is_linear_layer(const ggml_tensor* node);

// The tensor's bytes; copied to `copy` where they are not in host memory.
const std::byte* host_data(const ggml_tensor* tensor, std::vector<std::byte>& copy);

const float* row_of(const ggml_tensor* tensor, const std::byte* data, std::int64_t i1, std::int64_t i2,
                    std::int64_t i3);

// Ends a graph before its output head, where nobody reads logits: the head is a large share of a small model's
// arithmetic, and what it reads is known before. The first graph runs whole and gives away the name of what the head
// reads; the name stays when the engine builds its graph anew.
class HeadSkip {
  public:
    bool wanted = false;  // from the next graph on

    // To be told of every node when the engine asks about it.
    void learn(const ggml_tensor* node);
    // Whether this node is what the head reads, and nothing after it has to run.
    bool ends_at(const ggml_tensor* node) const;

  private:
    std::string input_;
};

// The input rows of a product that chooses experts (GGML_OP_MUL_MAT_ID), one for each token and expert chosen for it.
// The expert's number comes as the engine computed it, unchecked. `copy` as for host_data.
void for_each_expert_row(const ggml_tensor* product, std::vector<std::byte>& copy,
                         const std::function<void(std::int32_t expert, const float* row)>& visit);

}  // namespace scale::engine

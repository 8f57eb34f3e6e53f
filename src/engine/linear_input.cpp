#include "engine/linear_input.h"

#include <cstring>
#include <string_view>

#include <ggml-backend.h>
#include <ggml.h>

namespace scale::engine {

std::string weight_name(const ggml_tensor* weight) {
    std::string_view name = weight->name;
    if (weight->op != GGML_OP_NONE || !name.ends_with(".weight")) return {};
    if (name == "token_embd.weight") return "output.weight";  // a tied head
    return std::string(name);
}

bool is_linear_layer(const ggml_tensor* node) {
    if (node->op != GGML_OP_MUL_MAT && node->op != GGML_OP_MUL_MAT_ID) return false;
    return node->src[1]->type == GGML_TYPE_F32 && node->src[1]->nb[0] == sizeof(float) &&
           !weight_name(node->src[0]).empty();
}

void HeadSkip::learn(const ggml_tensor* node) {
    if (!input_.empty() || !is_linear_layer(node) || weight_name(node->src[0]) != "output.weight") return;
    const ggml_tensor* input = node->src[1];
    const std::string_view name = input->name;
    // The engine numbers the nodes that it gave no name; such a name may stand for another tensor next time.
    if (input->view_src || name.empty() || name.starts_with("node_") || node->src[0]->ne[2] != 1) return;
    input_ = name;
}

bool HeadSkip::ends_at(const ggml_tensor* node) const {
    return wanted && !input_.empty() && input_ == node->name && node->type == GGML_TYPE_F32 &&
           node->nb[0] == sizeof(float);
}

const std::byte* host_data(const ggml_tensor* tensor, std::vector<std::byte>& copy) {
    if (!tensor->buffer || ggml_backend_buffer_is_host(tensor->buffer))
        return static_cast<const std::byte*>(tensor->data);
    copy.resize(ggml_nbytes(tensor));
    ggml_backend_tensor_get(tensor, copy.data(), 0, copy.size());
    return copy.data();
}

const float* row_of(const ggml_tensor* tensor, const std::byte* data, std::int64_t i1, std::int64_t i2,
                    std::int64_t i3) {
    return reinterpret_cast<const float*>(data + static_cast<std::size_t>(i1) * tensor->nb[1] +
                                          static_cast<std::size_t>(i2) * tensor->nb[2] +
                                          static_cast<std::size_t>(i3) * tensor->nb[3]);
}

void for_each_expert_row(const ggml_tensor* product, std::vector<std::byte>& copy,
                         const std::function<void(std::int32_t expert, const float* row)>& visit) {
    // src[2] names the experts of every token; the input has one row a token, or one for each of its experts.
    const ggml_tensor* input = product->src[1];
    const ggml_tensor* chosen = product->src[2];
    std::vector<std::byte> chosen_copy;
    const std::byte* data = host_data(input, copy);
    const std::byte* experts = host_data(chosen, chosen_copy);
    for (std::int64_t token = 0; token < chosen->ne[1]; ++token)
        for (std::int64_t slot = 0; slot < chosen->ne[0]; ++slot) {
            std::int32_t expert = 0;
            std::memcpy(&expert,
                        experts + static_cast<std::size_t>(token) * chosen->nb[1] +
                            static_cast<std::size_t>(slot) * chosen->nb[0],
                        sizeof expert);
            visit(expert, row_of(input, data, slot % input->ne[1], token, 0));
        }
}

}  // namespace scale::engine

#include "engine/cache_type.h"

#include <array>

#include "core/error.h"

namespace scale::engine {

void set_cache_type(llama_context_params& parameters, const std::string& name) {
    constexpr std::array types{GGML_TYPE_F16,  GGML_TYPE_Q8_0, GGML_TYPE_Q5_1,  GGML_TYPE_Q5_0,
                               GGML_TYPE_Q4_1, GGML_TYPE_Q4_0, GGML_TYPE_IQ4_NL};
    for (const ggml_type type : types) {
        if (name != ggml_type_name(type)) continue;
        parameters.type_k = parameters.type_v = type;
        if (type != GGML_TYPE_F16) parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
        return;
    }
    throw core::input_error("'" + name + "' is no type for keys and values of the cache", "f16, q8_0, q5_1, q5_0, …");
}

}  // namespace scale::engine

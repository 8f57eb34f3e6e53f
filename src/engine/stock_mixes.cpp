#include "engine/stock_mixes.h"

#include <array>

#include "core/error.h"
#include "core/text.h"
#include "engine/stock_quantize.h"

namespace scale::engine {

namespace {

constexpr std::array mixes = {
    StockMix{"F32", LLAMA_FTYPE_ALL_F32, false},          StockMix{"F16", LLAMA_FTYPE_MOSTLY_F16, false},
    StockMix{"BF16", LLAMA_FTYPE_MOSTLY_BF16, false},     StockMix{"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0, false},
    StockMix{"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K, false},     StockMix{"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M, false},
    StockMix{"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S, false}, StockMix{"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1, false},
    StockMix{"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0, false},     StockMix{"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M, false},
    StockMix{"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S, false}, StockMix{"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1, false},
    StockMix{"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0, false},     StockMix{"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL, false},
    StockMix{"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS, false}, StockMix{"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L, false},
    StockMix{"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M, false}, StockMix{"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S, false},
    StockMix{"IQ3_M", LLAMA_FTYPE_MOSTLY_IQ3_M, false},   StockMix{"IQ3_S", LLAMA_FTYPE_MOSTLY_IQ3_S, false},
    StockMix{"IQ3_XS", LLAMA_FTYPE_MOSTLY_IQ3_XS, true},  StockMix{"IQ3_XXS", LLAMA_FTYPE_MOSTLY_IQ3_XXS, true},
    StockMix{"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K, false},     StockMix{"Q2_K_S", LLAMA_FTYPE_MOSTLY_Q2_K_S, true},
    StockMix{"IQ2_M", LLAMA_FTYPE_MOSTLY_IQ2_M, true},    StockMix{"IQ2_S", LLAMA_FTYPE_MOSTLY_IQ2_S, true},
    StockMix{"IQ2_XS", LLAMA_FTYPE_MOSTLY_IQ2_XS, true},  StockMix{"IQ2_XXS", LLAMA_FTYPE_MOSTLY_IQ2_XXS, true},
    StockMix{"IQ1_M", LLAMA_FTYPE_MOSTLY_IQ1_M, true},    StockMix{"IQ1_S", LLAMA_FTYPE_MOSTLY_IQ1_S, true},
    StockMix{"TQ2_0", LLAMA_FTYPE_MOSTLY_TQ2_0, false},   StockMix{"TQ1_0", LLAMA_FTYPE_MOSTLY_TQ1_0, false},
};

}  // namespace

std::vector<std::string> stock_mix_names() {
    std::vector<std::string> names;
    for (const StockMix& mix : mixes) names.emplace_back(mix.name);
    return names;
}

const StockMix& stock_mix(const std::string& name) {
    for (const StockMix& mix : mixes)
        if (core::to_lower(mix.name) == core::to_lower(name)) return mix;
    const std::string near = core::nearest(name, stock_mix_names());
    throw core::input_error("'" + name + "' is no type that the engine can write", "one of Q8_0, Q4_K_M, …",
                            near.empty() ? "" : "did you mean " + near + "?");
}

}  // namespace scale::engine

#include "choice/qat/grids.h"

#include <array>
#include <utility>

namespace scale::choice {

// Source: block layouts and decoders of ggml at the pinned version.
std::string_view grid_in_words(std::string_view type) {
    using Pair = std::pair<std::string_view, std::string_view>;
    static constexpr std::array grids{
        Pair{"Q2_K", "256 weights in 16 sub-blocks of 16: d·s·q − dmin·m; d, dmin binary16; s, m in 0…15; q in 0…3"},
        Pair{"Q3_K", "256 weights in 16 sub-blocks of 16: d·s·(q − 4); d binary16; s in −32…31; q in 0…7"},
        Pair{"Q4_K", "256 weights in 8 sub-blocks of 32: d·s·q − dmin·m; d, dmin binary16; s, m in 0…63; q in 0…15"},
        Pair{"Q5_K", "256 weights in 8 sub-blocks of 32: d·s·q − dmin·m; d, dmin binary16; s, m in 0…63; q in 0…31"},
        Pair{"Q6_K", "256 weights in 16 sub-blocks of 16: d·s·(q − 32); d binary16; s in −128…127; q in 0…63"},
        Pair{"Q8_0", "32 weights: d·q; d binary16; q in −127…127"},
        Pair{"Q4_0", "32 weights: d·(q − 8); d binary16; q in 0…15"},
        Pair{"Q4_1", "32 weights: d·q + m; d, m binary16; q in 0…15"},
        Pair{"Q5_0", "32 weights: d·(q − 16); d binary16; q in 0…31"},
        Pair{"Q5_1", "32 weights: d·q + m; d, m binary16; q in 0…31"},
        Pair{"IQ4_NL", "32 weights: d·t[q]; d binary16; t the 16-value table of ggml's kvalues_iq4nl"},
        Pair{"IQ4_XS", "256 weights in 8 sub-blocks of 32: d·s·t[q]; d binary16; s in −32…31; t as IQ4_NL's"},
        Pair{"IQ3_S",
             "256 weights in 8 sub-blocks of 32: d·s·(± magnitude); s odd in 1…31; four magnitudes at a time from "
             "ggml's 512-entry iq3s_grid"},
        Pair{"IQ3_XXS",
             "256 weights in 8 sub-blocks of 32: d·s·(± magnitude / 4); s odd in 1…31; four magnitudes at a time "
             "from ggml's 256-entry iq3xxs_grid; an even number of minus signs in each eight"},
        Pair{"IQ2_S",
             "256 weights in 16 sub-blocks of 16: d·s·(± magnitude / 8); s odd in 1…31; eight magnitudes at a time "
             "from ggml's 1024-entry iq2s_grid"},
        Pair{"IQ2_XS",
             "256 weights in 16 sub-blocks of 16: d·s·(± magnitude / 8); s odd in 1…31; eight magnitudes at a time "
             "from ggml's 512-entry iq2xs_grid; an even number of minus signs in each eight"},
        Pair{"IQ2_XXS",
             "256 weights in 8 sub-blocks of 32: d·s·(± magnitude / 8); s odd in 1…31; eight magnitudes at a time "
             "from ggml's 256-entry iq2xxs_grid; an even number of minus signs in each eight"},
    };
    for (const auto& [name, words] : grids)
        if (name == type) return words;
    return {};
}

}  // namespace scale::choice

// The codebooks of IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS and IQ2_XXS: which magnitudes neighbouring weights can have together.
//
// Eight neighbouring weights, an octet, have one or two entries (of 8 or 4 magnitudes) and eight signs. Types with even
// signs store seven of them; the eighth makes the number of minus signs even. Magnitudes are in units of S_k (grid.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantize/grid/grid.h"

namespace scale::quantize {

inline constexpr int octet = 8;

struct Codebook {
    int group = 0;  // weights of one entry
    int entries = 0;
    bool even_signs = false;
    std::vector<float> levels;           // the magnitudes that occur, rising; codes index them
    std::vector<float> magnitudes;       // [place in the group][entry]
    std::vector<std::uint8_t> codes;     // [entry][place in the group]
    std::vector<std::int16_t> entry_of;  // by key_of, −1 where no entry has these magnitudes

    // Of `group` magnitude codes: three bits each in a group of four, two in a group of eight.
    std::size_t key_of(const std::uint8_t* magnitude_codes) const {
        std::size_t key = 0;
        for (int j = 0; j < group; ++j) key = key << (group == 4 ? 3 : 2) | magnitude_codes[j];
        return key;
    }
};

// Found by decoding every entry with the engine's own decoder, once a process and type.
const Codebook& codebook_of(const Grid& grid);

// Entries and signs of one octet as the bytes hold them. Bit j of `signs`: weight j is negative.
struct StoredOctet {
    std::array<std::uint16_t, 2> entry{};
    std::uint8_t signs = 0;
};

// As grid.h's pack(), for codebook types.
void pack_codebook(const Grid& grid, const Scales& scales, std::span<const std::uint8_t> codes, std::byte* out);

// The byte layouts: 32 octets and the stored numbers of the scales.
void pack_octets(const Grid& grid, const Scales& scales, std::span<const StoredOctet> octets, std::byte* out);

}  // namespace scale::quantize

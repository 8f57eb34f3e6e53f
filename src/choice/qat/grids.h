// The values that ggml's types below and around 4 bits can hold, in words: what a trainer must reproduce exactly.
#pragma once

#include <string_view>

namespace scale::choice {

// "" for a type without a description (F32, F16).
std::string_view grid_in_words(std::string_view type);

}  // namespace scale::choice

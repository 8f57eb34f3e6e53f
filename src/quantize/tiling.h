// How a length is cut into tiles: their number and edges depend on the length alone, never on the number of threads.
#pragma once

namespace scale::quantize {

struct Tiling {
    int length = 0;
    int count = 0;

    Tiling(int of, int longest) : length(of), count((of + longest - 1) / longest) {}
    int begin(int tile) const { return static_cast<int>(static_cast<long long>(length) * tile / count / 16 * 16); }
    int end(int tile) const { return tile + 1 == count ? length : begin(tile + 1); }
    int size(int tile) const { return end(tile) - begin(tile); }
};

}  // namespace scale::quantize

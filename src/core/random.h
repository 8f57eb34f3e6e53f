// A small seeded generator whose sequence is the same on every machine and compiler (std distributions are not):
// xoshiro256** by Blackman and Vigna (2018), seeded by SplitMix64.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace scale::core {

class Random {
  public:
    explicit Random(std::uint64_t seed);
    // Independent streams from one seed: the stream's name is hashed into it.
    Random(std::uint64_t seed, std::string_view stream);

    std::uint64_t next();
    std::uint64_t below(std::uint64_t bound);  // uniform on [0, bound); bound ≥ 1; unbiased by rejection
    std::int64_t between(std::int64_t low, std::int64_t high);  // uniform on [low, high]
    double uniform();                                           // [0, 1), 53 bits
    double normal();                                            // mean 0, standard deviation 1

    template <typename T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }
    template <typename T>
    const T& pick(const std::vector<T>& items) {
        return items[below(items.size())];
    }

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace scale::core

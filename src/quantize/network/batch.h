// Sequences that go through the network together; each attends to itself alone, from position 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace scale::quantize {

struct SequenceBatch {
    std::vector<std::int32_t> tokens;  // of all sequences, one after the other
    std::vector<int> begins = {0};     // of every sequence, then the end of the last

    void add(std::span<const std::int32_t> sequence) {
        tokens.insert(tokens.end(), sequence.begin(), sequence.end());
        begins.push_back(static_cast<int>(tokens.size()));
    }
    int sequences() const { return static_cast<int>(begins.size()) - 1; }
    int size() const { return static_cast<int>(tokens.size()); }
};

}  // namespace scale::quantize

#include "choice/pairing.h"

#include <algorithm>

#include "engine/rounds.h"

namespace scale::choice {

record::Measured paired_speedup(const std::vector<double>& original, const std::vector<double>& candidate) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < std::min(original.size(), candidate.size()); ++round)
        if (candidate[round] > 0) ratios.push_back(original[round] / candidate[round]);
    return engine::summarise_rounds(ratios);
}

std::vector<std::vector<std::size_t>> group_by_memory(const std::vector<std::uint64_t>& memory,
                                                      std::uint64_t original_memory, std::uint64_t limit) {
    std::vector<std::vector<std::size_t>> groups;
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < memory.size(); ++i) {
        if (groups.empty() || taken + memory[i] > limit) {
            groups.emplace_back();
            taken = original_memory;
        }
        groups.back().push_back(i);
        taken += memory[i];
    }
    return groups;
}

}  // namespace scale::choice

// The kernel trial: candidates against the original at the model's real shapes, on this machine.
//
// Every candidate is written as a stand-in by the stock quantiser without activation statistics: rounding does not
// change which kernels run, so its speed is the speed of the later artefact of that type. Original and stand-ins are
// timed in interleaved rounds in one process; where they do not all fit in memory at once, in groups that each include
// the original, and a speedup is against the original of its own group.
//
// Of an original above whole_model_limit only the first layers are tried, of the original too, plus embedding and
// head. Its speedups are of those layers, and the rates are the whole original's, scaled by them: labelled estimated.
//
// Finished stand-ins stay in <work folder>/trial until remove_stand_ins, so an interrupted trial goes on where it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "record/payload.h"

namespace scale::choice {

inline constexpr std::uint64_t whole_model_limit = std::uint64_t{3} << 29;  // 1.5 GiB
inline constexpr int trial_layers = 4;

struct TrialRequest {
    std::filesystem::path original;
    std::string original_sha256;  // stand-ins of another original are not reused
    std::string original_mix;     // the type that holds most of its weights, "F16"
    std::uint64_t original_bytes = 0;
    std::uint64_t layers = 0;  // of the original
    std::filesystem::path work_folder;
    std::uint64_t available_memory = 0;  // bytes
    int threads = 1;
    int rounds = 3;
};

// Tries every candidate that is eligible so far: sets trialled, speed, speedup and speed_source. Sets original_speed
// and trial in the decision. Throws an io error where the disk cannot hold the stand-ins.
void try_candidates(const TrialRequest& request, const record::Constraint& constraint, record::Decision& decision);

void remove_stand_ins(const std::filesystem::path& work_folder);

}  // namespace scale::choice

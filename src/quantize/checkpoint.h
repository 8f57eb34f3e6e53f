// Where an interrupted gathering of statistics stands.
//
// Three files beside the target: TARGET.part-N-even and TARGET.part-N-odd hold the sums after N sequences (in the order
// of text_packs.h) of those at even and odd places (from 0), TARGET.progress names N and the fingerprint. The sums are
// written first and the note is replaced atomically, so the note never names sums that are not whole; sums that no note
// names are removed.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/activations.h"

namespace scale::quantize {

struct Checkpoint {
    std::uint64_t sequences = 0;               // done
    std::uint64_t tokens = 0;                  // in them
    std::array<engine::Statistics, 2> halves;  // of the sequences at even and odd places
};

class CheckpointFile {
  public:
    CheckpointFile(std::filesystem::path target, std::string fingerprint);

    // An empty checkpoint where there is none, or one of another fingerprint, or one that cannot be read.
    Checkpoint load() const;
    void save(const Checkpoint& checkpoint);
    void remove();

  private:
    std::filesystem::path note() const;
    std::filesystem::path sums(std::uint64_t sequences, std::size_t half) const;

    std::filesystem::path target_;
    std::string fingerprint_;
};

}  // namespace scale::quantize

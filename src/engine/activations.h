// Second moments of the inputs of every linear layer, gathered while a session runs.
//
// Method: the scheduler's evaluation callback (cb_eval) hands out every matrix multiplication; the input's squares are
// summed by column. For mixture-of-experts layers one sum and one count are kept per expert. Keys are weight names
// ("blk.0.attn_q.weight"). Use Session::logits or run_together, which with a tap run every position through the last
// layer and hand out what the head reads. The tied output head is covered under "output.weight" (and by whoever reads
// it, under "token_embd.weight").
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::engine {

struct InputMoments {
    std::vector<double> sum_of_squares;  // columns × experts, expert-major
    std::vector<std::uint64_t> counts;   // tokens seen, one per expert; one for a dense layer
};

using Statistics = std::map<std::string, InputMoments>;

class ActivationTap {
  public:
    ActivationTap();
    ~ActivationTap();
    const Statistics& statistics() const;
    void restore(Statistics statistics);  // go on from these sums
    Statistics take();                    // the sums so far; the tap goes on from none

    struct Implementation;
    Implementation& implementation() { return *implementation_; }

  private:
    std::unique_ptr<Implementation> implementation_;
};

// A compact binary file, written atomically; read checks lengths before allocating.
void write_statistics(const std::filesystem::path& path, const Statistics& statistics);
Statistics read_statistics(const std::filesystem::path& path);

}  // namespace scale::engine

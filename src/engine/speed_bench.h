// One model under the stop-watch. For src/engine only.
#pragma once

#include <vector>

#include "engine/batch.h"
#include "engine/handle.h"
#include "engine/speed.h"

namespace scale::engine {

struct Shape {
    int prefill_tokens = 0;
    int decode_tokens = 0;  // per sequence
};

// Tokens per second of one round.
struct Pace {
    double prefill = 0;
    double decode = 0;
    double batch_decode = 0;
};

class SpeedBench {
  public:
    SpeedBench(const std::filesystem::path& path, const SpeedRequest& request);
    Pace time(const Shape& shape);

  private:
    double prefill(int tokens);                              // seconds; sequence 0 holds the prompt afterwards
    double decode(int tokens, int position, int sequences);  // seconds, after one step that is not timed
    void step(int position, int sequences);
    Token any_token();

    Model model_;
    ContextPointer context_;
    int concurrency_;
    std::size_t next_ = 0;
    std::vector<Token> tokens_;
    std::vector<Sequences> sequences_;
    Batch batch_;
};

}  // namespace scale::engine

// A quantised matrix that follows gradients of its decoded weights, on its grid at every moment.
//
// Every weight has a position on the real line of levels, and its code is the one nearest to it: the gradient by the
// decoded weight moves the position (the straight-through estimator, Bengio et al. 2013, arXiv 1308.3432), and the code
// follows once it is past the middle. Positions start at the levels of the codes given, half a step from any change, so
// that only gradients which agree over many steps change a code. The binary16 super-scales d and dmin move likewise, by
// their own gradients; sub-scales stay.
//
// Memory beside the matrix itself: 12 bytes a weight where codes are tuned.
#pragma once

#include <span>
#include <vector>

#include "quantize/tune/adam.h"
#include "quantize/tune/quantised_matrix.h"

namespace scale::quantize {

class TunedMatrix {
  public:
    TunedMatrix(QuantisedMatrix start, bool tunes_codes);

    const QuantisedMatrix& stored() const { return stored_; }
    // `gradient`: of the loss, by the decoded weights. The result does not depend on the number of threads.
    void step(std::span<const float> gradient, const Adam& adam, const StepSizes& sizes, int threads);

  private:
    void step_block(std::size_t block, const float* gradient, const Adam& adam, const StepSizes& sizes);
    void step_codes(std::size_t block, const float* gradient, const Adam& adam, float rate);

    QuantisedMatrix stored_;
    bool tunes_codes_;
    float spacing_;                                          // mean distance of neighbouring levels
    float mean_level_ = 1;                                   // of the decoded weights, in spacings
    std::vector<float> position_, first_, second_;           // of every weight
    std::vector<float> super_, super_first_, super_second_;  // two a superblock: d, dmin
};

}  // namespace scale::quantize

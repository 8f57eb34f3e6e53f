// One held-out text, place by place, gathered into what the checkpoint keeps of it.
#pragma once

#include <utility>
#include <vector>

#include "engine/model.h"
#include "model/token_set.h"
#include "quality/measurements.h"
#include "quality/metric/distribution.h"

namespace scale::quality {

class TextComparison {
  public:
    // The text must outlive the comparison.
    explicit TextComparison(const model::TokenSequence& text);

    // `position` as in scored_texts.h: the place after it was predicted.
    void add(std::size_t position, const RowComparison& comparison);

    const SequenceResult& result() const { return result_; }
    std::vector<WorstToken> worst(const engine::Model& model) const;  // `model` spells the tokens

  private:
    const model::TokenSequence& text_;
    SequenceResult result_;
    std::vector<std::pair<std::size_t, RowComparison>> rows_;
};

}  // namespace scale::quality

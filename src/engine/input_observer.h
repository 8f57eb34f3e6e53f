// The inputs of every linear layer, handed out row by row while a session runs.
//
// ActivationTap (activations.h) keeps the diagonal of their second moments; whoever needs more (whole matrices)
// observes them here.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace scale::engine {

class InputObserver {
  public:
    virtual ~InputObserver() = default;

    // Asked before a layer runs; a layer that is not wanted costs nothing.
    virtual bool wants(const std::string& weight) = 0;

    // `rows` is row-major, one token a row, `columns` wide, valid during the call only. same_input: these are the rows
    // of the previous call (query, key and value read one input), so that sums can be shared.
    virtual void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) = 0;

    // The same of a mixture-of-experts layer: row i is what expert experts[i] reads. A token's row comes once for each
    // of its experts.
    virtual void observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                                 std::span<const std::int32_t> experts, bool same_input) {
        (void)weight, (void)rows, (void)columns, (void)experts, (void)same_input;
    }
};

}  // namespace scale::engine

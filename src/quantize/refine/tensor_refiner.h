// The weight matrices that read one input: our rounding against the stock one, decided on moments that neither saw.
//
// Regularisations are compared on probe rows (held_out.h); the stock bytes are scored on the same halves. Only where
// ours wins there is the whole matrix rounded again, on the moments of both halves; so a tensor is never worse than
// stock by the measure at hand.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quantize/refine/held_out.h"
#include "quantize/rounding/feedback.h"

namespace scale::quantize {

struct RefinerOptions {
    std::vector<Regularisation> regularisations = default_regularisations();
    int probe_rows = 32;
    int threads = 1;  // the bytes do not depend on it
    RoundingOptions rounding;
};

// weights: the original, rows × K row-major; stock: the same matrix as the stock file decodes it.
struct Reader {
    const Grid* grid = nullptr;
    int rows = 0;
    std::vector<float> weights;
    std::vector<float> stock;
};

// Why a tensor has the bytes it has.
namespace outcome {
inline constexpr const char* refined = "refined";
inline constexpr const char* stock_better = "stock better";            // by the error on held-out inputs
inline constexpr const char* inputs_not_finite = "inputs not finite";  // nothing to judge by: stock
inline constexpr const char* strayed = "too far from the original";    // below tensor_check.h's floor: stock
}  // namespace outcome

struct RefinedTensor {
    bool refined = false;  // false: the stock bytes stay
    const char* why = outcome::stock_better;
    Regularisation chosen;
    double stock_loss = 0;          // held-out, on the probe rows, relative to tr(W H Wᵀ)
    double refined_loss = 0;        // likewise; infinite where the moments cannot be factorised
    std::vector<std::byte> packed;  // where refined
};

// result[i] belongs to readers[i].
std::vector<RefinedTensor> refine_readers(std::span<const Reader> readers, const HalvedMoments& moments,
                                          const RefinerOptions& options);

}  // namespace scale::quantize

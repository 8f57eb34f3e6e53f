#include "quantize/rounding/damping.h"

#include "core/error.h"

namespace scale::quantize {

DampedMoments damped(const Moments& moments, double shrinkage, double ridge) {
    constexpr double dominant = 1;
    for (;; ridge *= 10) {
        DampedMoments result{regularised(moments, shrinkage, ridge), {}, ridge};
        try {
            result.factors = factorise(result.moments);
            return result;
        } catch (const core::Error&) {
            if (ridge > dominant) throw;
        }
    }
}

}  // namespace scale::quantize

#include "quantize/network/elementwise.h"

#include <algorithm>
#include <cmath>

#include "core/vector_math.h"

namespace scale::quantize {

namespace {

using core::exp_lanes;
using core::lane_count;
using core::Lanes;

float inverse_rms(const float* x, std::size_t n, float epsilon) {
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
    return static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + epsilon));
}

// The logistic function of up to sixteen values, the rest of the lanes zero.
SCALE_INLINE Lanes load_some(const float* from, std::size_t count) {
    Lanes lanes = {};
    std::memcpy(&lanes, from, count * sizeof(float));
    return lanes;
}

SCALE_INLINE Lanes logistic(const Lanes& x) {
    return 1.0f / (1.0f + exp_lanes(-x));
}

}  // namespace

void rms_norm(const WeightMatrix& weight, float epsilon, std::span<const float> x, std::span<float> y) {
    const auto n = static_cast<std::size_t>(weight.columns);
    const float* w = weight.values.data();
    for (std::size_t row = 0; row + n <= x.size(); row += n) {
        const float inverse = inverse_rms(x.data() + row, n, epsilon);
        for (std::size_t i = 0; i < n; ++i) y[row + i] = x[row + i] * inverse * w[i];
    }
}

void rms_norm_backward(const WeightMatrix& weight, float epsilon, std::span<const float> x, std::span<const float> g,
                       std::span<float> dx, WeightMatrix* gradient) {
    const auto n = static_cast<std::size_t>(weight.columns);
    const float* w = weight.values.data();
    float* dw = gradient && !gradient->empty() ? gradient->values.data() : nullptr;
    for (std::size_t row = 0; row + n <= x.size(); row += n) {
        const float inverse = inverse_rms(x.data() + row, n, epsilon);
        double along = 0;
        for (std::size_t i = 0; i < n; ++i) along += static_cast<double>(g[row + i]) * w[i] * x[row + i];
        const auto back = static_cast<float>(along / static_cast<double>(n)) * inverse * inverse * inverse;
        for (std::size_t i = 0; i < n; ++i) dx[row + i] += inverse * g[row + i] * w[i] - back * x[row + i];
        if (dw)
            for (std::size_t i = 0; i < n; ++i) dw[i] += g[row + i] * x[row + i] * inverse;
    }
}

void Rotation::turn(const SequenceBatch& batch, int heads, std::span<float> x, bool back) const {
    const int pairs = shape_.rotated / 2, wide = shape_.head_width;
    const int stride = shape_.rotates_halves ? pairs : 1, step = shape_.rotates_halves ? 1 : 2;
    int longest = 0;
    for (int s = 0; s < batch.sequences(); ++s)
        longest = std::max(longest,
                           batch.begins[static_cast<std::size_t>(s) + 1] - batch.begins[static_cast<std::size_t>(s)]);
    std::vector<float> cosines(static_cast<std::size_t>(longest) * static_cast<std::size_t>(pairs));
    std::vector<float> sines(cosines.size());
    for (int pair = 0; pair < pairs; ++pair) {
        double frequency = std::pow(shape_.rotation_base, -2.0 * pair / shape_.rotated) * shape_.position_scale;
        if (!shape_.rotation_factors.empty()) frequency /= shape_.rotation_factors[static_cast<std::size_t>(pair)];
        for (int position = 0; position < longest; ++position) {
            const auto i = static_cast<std::size_t>(position * pairs + pair);
            cosines[i] = static_cast<float>(std::cos(position * frequency));
            sines[i] = static_cast<float>(std::sin(position * frequency)) * (back ? -1.0f : 1.0f);
        }
    }
    for (int s = 0; s < batch.sequences(); ++s) {
        const int begin = batch.begins[static_cast<std::size_t>(s)],
                  end = batch.begins[static_cast<std::size_t>(s) + 1];
        for (int token = begin; token < end; ++token) {
            const float* c = cosines.data() + static_cast<std::ptrdiff_t>(token - begin) * pairs;
            const float* n = sines.data() + static_cast<std::ptrdiff_t>(token - begin) * pairs;
            float* head = x.data() + static_cast<std::ptrdiff_t>(token) * heads * wide;
            for (int h = 0; h < heads; ++h, head += wide)
                for (int pair = 0; pair < pairs; ++pair) {
                    float& a = head[pair * step];
                    float& b = head[pair * step + stride];
                    const float turned = a * c[pair] - b * n[pair];
                    b = a * n[pair] + b * c[pair];
                    a = turned;
                }
        }
    }
}

SCALE_CLONES void swiglu(std::span<const float> gate, std::span<const float> up, std::span<float> hidden) {
    for (std::size_t i = 0; i < gate.size(); i += lane_count) {
        const std::size_t count = std::min<std::size_t>(lane_count, gate.size() - i);
        const Lanes x = load_some(gate.data() + i, count);
        const Lanes y = x * logistic(x) * load_some(up.data() + i, count);
        std::memcpy(hidden.data() + i, &y, count * sizeof(float));
    }
}

SCALE_CLONES void swiglu_backward(std::span<const float> gate, std::span<const float> up, std::span<const float> g,
                                  std::span<float> dgate, std::span<float> dup) {
    for (std::size_t i = 0; i < gate.size(); i += lane_count) {
        const std::size_t count = std::min<std::size_t>(lane_count, gate.size() - i);
        const Lanes x = load_some(gate.data() + i, count), u = load_some(up.data() + i, count),
                    d = load_some(g.data() + i, count), share = logistic(x);
        const Lanes to_up = d * x * share, to_gate = d * u * share * (1.0f + x * (1.0f - share));
        std::memcpy(dup.data() + i, &to_up, count * sizeof(float));
        std::memcpy(dgate.data() + i, &to_gate, count * sizeof(float));
    }
}

}  // namespace scale::quantize

#include "quantize/network/head.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "core/vector_math.h"
#include "quantize/network/linear.h"
#include "quantize/tiling.h"

namespace scale::quantize {

namespace {

using core::exp_lanes;
using core::lane_count;
using core::Lanes;
using core::load;
using core::store;

constexpr std::size_t chunk_tokens = 256;

// Σ exp(x − highest), and the terms in place.
SCALE_CLONES double exponentials(float* x, std::size_t count, float highest) {
    double sum = 0;
    std::size_t i = 0;
    for (; i + lane_count <= count; i += lane_count) {
        const Lanes e = exp_lanes(load(x + i) - highest);
        store(x + i, e);
        sum += static_cast<double>(core::sum(e));
    }
    for (; i < count; ++i) {
        x[i] = std::exp(x[i] - highest);
        sum += x[i];
    }
    return sum;
}

// Softmax in place; returns log Σ exp.
SCALE_CLONES double softmax(float* x, std::size_t count) {
    const float highest = core::highest_of(x, count);
    const double sum = exponentials(x, count, highest);
    const auto inverse = static_cast<float>(1 / sum);
    for (std::size_t i = 0; i < count; ++i) x[i] *= inverse;
    return std::log(sum) + static_cast<double>(highest);
}

// p, the teacher's logits, becomes its softmax; q, the network's, becomes q − p (the gradient). Returns KL(p ‖ q).
SCALE_CLONES double row_divergence(float* p, float* q, std::vector<float>& difference, std::size_t count) {
    difference.resize(count);
    for (std::size_t i = 0; i < count; ++i) difference[i] = p[i] - q[i];
    const double zp = softmax(p, count), zq = softmax(q, count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(p[i]) * static_cast<double>(difference[i]);
    for (std::size_t i = 0; i < count; ++i) q[i] -= p[i];
    return sum - zp + zq;
}

// Calls chunk(first token, states of the chunk) for all tokens.
template <typename Chunk>
void over_chunks(std::span<const float> states, int width, const Chunk& chunk) {
    const std::size_t step = chunk_tokens * static_cast<std::size_t>(width);
    for (std::size_t at = 0; at < states.size(); at += step)
        chunk(at, states.subspan(at, std::min(step, states.size() - at)));
}

double chunk_divergence(const Network& teacher, std::span<const float> teacher_states, const Network& network,
                        std::span<const float> states, std::vector<float>& q, int threads) {
    std::vector<float> p = logits(teacher, teacher_states, threads);
    q = logits(network, states, threads);
    const auto vocabulary = static_cast<std::size_t>(network.shape.vocabulary);
    const auto rows = q.size() / vocabulary;
    std::vector<double> sums(rows);
    const Tiling tiles(static_cast<int>(rows), 32);
    core::run_tasks(tiles.count, threads, [&](int tile) {
        std::vector<float> difference;
        for (int r = tiles.begin(tile); r < tiles.end(tile); ++r) {
            const auto row = static_cast<std::size_t>(r);
            sums[row] =
                row_divergence(p.data() + row * vocabulary, q.data() + row * vocabulary, difference, vocabulary);
        }
    });
    double sum = 0;
    for (const double value : sums) sum += value;
    return sum;
}

}  // namespace

std::vector<float> logits(const Network& network, std::span<const float> states, int threads) {
    const std::size_t tokens = states.size() / static_cast<std::size_t>(network.shape.width);
    std::vector<float> result(tokens * static_cast<std::size_t>(network.shape.vocabulary));
    product_forward(network.weights.head(), states, result, threads);
    return result;
}

HeadLoss divergence(const Network& teacher, std::span<const float> teacher_states, const Network& network,
                    std::span<const float> states, NetworkWeights* gradients, int threads) {
    HeadLoss loss;
    loss.gradient.resize(states.size());
    over_chunks(states, network.shape.width, [&](std::size_t at, std::span<const float> some) {
        std::vector<float> g;
        loss.sum += chunk_divergence(teacher, teacher_states.subspan(at, some.size()), network, some, g, threads);
        input_gradient(network.weights.head(), g, std::span(loss.gradient).subspan(at, some.size()), false, threads);
        if (gradients && !gradients->head().empty()) weight_gradient(gradients->head(), some, g, threads);
    });
    return loss;
}

double divergence_only(const Network& teacher, std::span<const float> teacher_states, const Network& network,
                       std::span<const float> states, int threads) {
    double sum = 0;
    over_chunks(states, network.shape.width, [&](std::size_t at, std::span<const float> some) {
        std::vector<float> g;
        sum += chunk_divergence(teacher, teacher_states.subspan(at, some.size()), network, some, g, threads);
    });
    return sum;
}

DrawnLoss drawn_labels(const Network& network, std::span<const float> states, core::Random& random,
                       std::span<double> row_moments, int threads) {
    DrawnLoss loss;
    loss.gradient.resize(states.size());
    const auto vocabulary = static_cast<std::size_t>(network.shape.vocabulary);
    over_chunks(states, network.shape.width, [&](std::size_t at, std::span<const float> some) {
        std::vector<float> p = logits(network, some, threads);
        for (std::size_t row = 0; row < p.size(); row += vocabulary) {
            softmax(p.data() + row, vocabulary);
            for (std::size_t i = 0; i < vocabulary; ++i)
                row_moments[i] += static_cast<double>(p[row + i]) * (1 - static_cast<double>(p[row + i]));
            double left = random.uniform();
            std::size_t label = 0;
            while (label + 1 < vocabulary && left >= static_cast<double>(p[row + label]))
                left -= static_cast<double>(p[row + label++]);
            p[row + label] -= 1;
        }
        input_gradient(network.weights.head(), p, std::span(loss.gradient).subspan(at, some.size()), false, threads);
    });
    return loss;
}

}  // namespace scale::quantize

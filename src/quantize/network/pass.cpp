#include "quantize/network/pass.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "quantize/network/attention.h"
#include "quantize/network/elementwise.h"
#include "quantize/network/linear.h"

namespace scale::quantize {

namespace {

void add(std::vector<float>& to, const std::vector<float>& what) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
}

// The layers of one block on one batch.
class Block {
  public:
    Block(const Network& network, const SequenceBatch& batch, int index, int threads)
        : shape_(network.shape),
          batch_(batch),
          weights_(network.weights.blocks[static_cast<std::size_t>(index)]),
          rotation_(network.shape),
          threads_(threads) {}

    // x becomes the block's output.
    void forward(std::vector<float>& x, BlockTrace& trace) const {
        trace.input = x;
        std::vector<float> normed = norm(weights_.attention_norm, x);
        trace.query = heads(weights_.query, weights_.query_norm, normed, shape_.heads, trace.raw_query);
        trace.key = heads(weights_.key, weights_.key_norm, normed, shape_.kv_heads, trace.raw_key);
        trace.value = linear(weights_.value, normed);
        trace.mixed.resize(room(shape_.query_width()));
        attention_forward(shape_, batch_, trace.query, trace.key, trace.value, trace.mixed, threads_);
        add(x, linear(weights_.attention_output, trace.mixed));
        trace.middle = x;
        normed = norm(weights_.feed_forward_norm, x);
        trace.gate = linear(weights_.gate, normed);
        trace.up = linear(weights_.up, normed);
        add(x, linear(weights_.down, hidden(trace)));
    }

    // g, the gradient of the block's output, becomes that of its input.
    void backward(const BlockTrace& trace, std::vector<float>& g, BlockWeights* into,
                  const LinearObserver& observer) const {
        const auto part = [&](auto member) { return into ? &(into->*member) : nullptr; };
        feed_forward_backward(trace, g, into, observer);
        std::vector<float> dmixed(room(shape_.query_width()));
        back(weights_.attention_output, trace.mixed, g, dmixed, false, part(&BlockWeights::attention_output), observer);
        std::vector<float> dq(room(shape_.query_width())), dk(room(shape_.kv_width())), dv(room(shape_.kv_width()));
        attention_backward(shape_, batch_, trace.query, trace.key, trace.value, trace.mixed, dmixed, dq, dk, dv,
                           threads_);
        heads_backward(weights_.query_norm, trace.raw_query, shape_.heads, dq, part(&BlockWeights::query_norm));
        heads_backward(weights_.key_norm, trace.raw_key, shape_.kv_heads, dk, part(&BlockWeights::key_norm));
        const std::vector<float> normed = norm(weights_.attention_norm, trace.input);
        std::vector<float> dnormed(normed.size());
        back(weights_.query, normed, dq, dnormed, false, part(&BlockWeights::query), observer);
        back(weights_.key, normed, dk, dnormed, true, part(&BlockWeights::key), observer);
        back(weights_.value, normed, dv, dnormed, true, part(&BlockWeights::value), observer);
        rms_norm_backward(weights_.attention_norm, shape_.norm_epsilon, trace.input, dnormed, g,
                          part(&BlockWeights::attention_norm));
    }

  private:
    std::size_t room(int width) const {
        return static_cast<std::size_t>(batch_.size()) * static_cast<std::size_t>(width);
    }

    std::vector<float> norm(const WeightMatrix& weight, const std::vector<float>& x) const {
        std::vector<float> y(x.size());
        rms_norm(weight, shape_.norm_epsilon, x, y);
        return y;
    }

    std::vector<float> linear(const LinearLayer& layer, const std::vector<float>& x) const {
        std::vector<float> y(room(layer.weight.rows));
        linear_forward(layer, x, y, threads_);
        return y;
    }

    std::vector<float> heads(const LinearLayer& layer, const WeightMatrix& head_norm, const std::vector<float>& x,
                             int count, std::vector<float>& raw) const {
        std::vector<float> y = linear(layer, x);
        if (!head_norm.empty()) {
            raw = y;
            y = norm(head_norm, raw);
        }
        rotation_.turn(batch_, count, y, false);
        return y;
    }

    void heads_backward(const WeightMatrix& head_norm, const std::vector<float>& raw, int count, std::vector<float>& g,
                        WeightMatrix* into) const {
        rotation_.turn(batch_, count, g, true);
        if (head_norm.empty()) return;
        std::vector<float> before(g.size());
        rms_norm_backward(head_norm, shape_.norm_epsilon, raw, g, before, into);
        g = std::move(before);
    }

    static std::vector<float> hidden(const BlockTrace& trace) {
        std::vector<float> result(trace.gate.size());
        swiglu(trace.gate, trace.up, result);
        return result;
    }

    void back(const LinearLayer& layer, const std::vector<float>& x, const std::vector<float>& g,
              std::vector<float>& dx, bool add_to, LinearLayer* into, const LinearObserver& observer) const {
        if (observer) observer(layer.weight, x, g);
        if (into && !into->weight.empty()) weight_gradient(into->weight, x, g, threads_);
        if (into && !into->bias.empty()) bias_gradient(into->bias, g);
        input_gradient(layer.weight, g, dx, add_to, threads_);
    }

    void feed_forward_backward(const BlockTrace& trace, std::vector<float>& g, BlockWeights* into,
                               const LinearObserver& observer) const {
        const auto part = [&](auto member) { return into ? &(into->*member) : nullptr; };
        std::vector<float> dhidden(room(shape_.feed_forward));
        back(weights_.down, hidden(trace), g, dhidden, false, part(&BlockWeights::down), observer);
        std::vector<float> dgate(dhidden.size()), dup(dhidden.size());
        swiglu_backward(trace.gate, trace.up, dhidden, dgate, dup);
        const std::vector<float> normed = norm(weights_.feed_forward_norm, trace.middle);
        std::vector<float> dnormed(normed.size());
        back(weights_.gate, normed, dgate, dnormed, false, part(&BlockWeights::gate), observer);
        back(weights_.up, normed, dup, dnormed, true, part(&BlockWeights::up), observer);
        rms_norm_backward(weights_.feed_forward_norm, shape_.norm_epsilon, trace.middle, dnormed, g,
                          part(&BlockWeights::feed_forward_norm));
    }

    const NetworkShape& shape_;
    const SequenceBatch& batch_;
    const BlockWeights& weights_;
    Rotation rotation_;
    int threads_;
};

std::vector<float> embedded(const Network& network, const SequenceBatch& batch) {
    const auto width = static_cast<std::size_t>(network.shape.width);
    std::vector<float> x;
    x.reserve(batch.tokens.size() * width);
    for (const std::int32_t token : batch.tokens) {
        if (token < 0 || token >= network.shape.vocabulary)
            throw core::input_error("token " + std::to_string(token) + " is not in the vocabulary of " +
                                    std::to_string(network.shape.vocabulary));
        const auto row = network.weights.embedding.values.begin() +
                         static_cast<std::ptrdiff_t>(static_cast<std::size_t>(token) * width);
        x.insert(x.end(), row, row + static_cast<std::ptrdiff_t>(width));
    }
    return x;
}

}  // namespace

std::vector<float> forward(const Network& network, const SequenceBatch& batch, Trace* trace, int threads) {
    std::vector<float> x = embedded(network, batch);
    BlockTrace passing;
    if (trace) trace->blocks.resize(network.weights.blocks.size());
    for (int i = 0; i < network.shape.layers; ++i)
        Block(network, batch, i, threads).forward(x, trace ? trace->blocks[static_cast<std::size_t>(i)] : passing);
    std::vector<float> states(x.size());
    rms_norm(network.weights.output_norm, network.shape.norm_epsilon, x, states);
    if (trace) trace->last = std::move(x);
    return states;
}

void backward(const Network& network, const SequenceBatch& batch, const Trace& trace, std::vector<float> gradient,
              NetworkWeights* gradients, const LinearObserver& observer, int threads) {
    std::vector<float> g(gradient.size());
    rms_norm_backward(network.weights.output_norm, network.shape.norm_epsilon, trace.last, gradient, g,
                      gradients ? &gradients->output_norm : nullptr);
    for (int i = network.shape.layers - 1; i >= 0; --i) {
        const auto at = static_cast<std::size_t>(i);
        Block(network, batch, i, threads)
            .backward(trace.blocks[at], g, gradients ? &gradients->blocks[at] : nullptr, observer);
    }
    if (!gradients || gradients->embedding.empty()) return;
    const auto width = static_cast<std::size_t>(network.shape.width);
    for (std::size_t t = 0; t < batch.tokens.size(); ++t)
        for (std::size_t i = 0; i < width; ++i)
            gradients->embedding.values[static_cast<std::size_t>(batch.tokens[t]) * width + i] += g[t * width + i];
}

}  // namespace scale::quantize

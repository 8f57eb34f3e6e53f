// The network's forward pass against the engine's, its backward pass against finite differences.
#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/session.h"
#include "quantize/network/head.h"
#include "quantize/network/output_gradient_moments.h"
#include "quantize/network/pass.h"
#include "support/test_model.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {
namespace {

std::vector<std::int32_t> some_tokens(int count, int vocabulary, std::uint64_t seed) {
    core::Random random(seed);
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < count; ++i)
        tokens.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
    return tokens;
}

WeightMatrix random_matrix(const std::string& name, int rows, int columns, double mean, double deviation,
                           core::Random& random) {
    WeightMatrix matrix{name, rows, columns, {}};
    for (int i = 0; i < rows * columns; ++i)
        matrix.values.push_back(static_cast<float>(mean + deviation * random.normal()));
    return matrix;
}

struct Variant {
    const char* name;
    bool rotates_halves;
    bool biases;
    bool head_norms;
    bool untied;
    bool rotation_factors;
};

Network random_network(const Variant& variant, std::uint64_t seed) {
    core::Random random(seed);
    Network network;
    NetworkShape& s = network.shape;
    s = {2, 24, 40, 4, 2, 8, 50, 1e-5f, variant.rotates_halves ? 8 : 6, variant.rotates_halves, 100, 1, {}};
    if (variant.rotation_factors) s.rotation_factors = {1, 2, 8, 16};
    const auto norm = [&](int width) { return random_matrix("norm", 1, width, 1, 0.2, random); };
    const auto layer = [&](const std::string& name, int rows, int columns, bool bias) {
        LinearLayer result{random_matrix(name + ".weight", rows, columns, 0, 1 / std::sqrt(columns), random), {}};
        if (bias) result.bias = random_matrix(name + ".bias", 1, rows, 0, 0.3, random);
        return result;
    };
    network.weights.embedding = random_matrix("token_embd.weight", s.vocabulary, s.width, 0, 0.5, random);
    for (int i = 0; i < s.layers; ++i) {
        BlockWeights block;
        block.attention_norm = norm(s.width);
        block.query = layer("q", s.query_width(), s.width, variant.biases);
        block.key = layer("k", s.kv_width(), s.width, variant.biases);
        block.value = layer("v", s.kv_width(), s.width, variant.biases);
        block.attention_output = layer("o", s.width, s.query_width(), false);
        if (variant.head_norms) {
            block.query_norm = norm(s.head_width);
            block.key_norm = norm(s.head_width);
        }
        block.feed_forward_norm = norm(s.width);
        block.gate = layer("gate", s.feed_forward, s.width, false);
        block.up = layer("up", s.feed_forward, s.width, false);
        block.down = layer("down", s.width, s.feed_forward, variant.biases);
        network.weights.blocks.push_back(std::move(block));
    }
    network.weights.output_norm = norm(s.width);
    if (variant.untied) network.weights.output = random_matrix("output.weight", s.vocabulary, s.width, 0, 0.5, random);
    return network;
}

class NetworkGradient : public testing::TestWithParam<Variant> {};

double mean_divergence(const Network& teacher, const Network& network, const SequenceBatch& batch) {
    return divergence_only(teacher, forward(teacher, batch, nullptr, 1), network, forward(network, batch, nullptr, 1),
                           1);
}

// Along a random direction in each matrix in turn: the slope of the loss against gradient · direction.
TEST_P(NetworkGradient, AgreesWithFiniteDifferences) {
    const Network teacher = random_network(GetParam(), 1);
    Network network = random_network(GetParam(), 2);
    SequenceBatch batch;
    batch.add(some_tokens(37, network.shape.vocabulary, 3));
    batch.add(some_tokens(150, network.shape.vocabulary, 4));  // more than one run of attention rows
    NetworkWeights gradients = room_for_gradients(network.weights, [](const WeightMatrix&) { return true; });
    Trace trace;
    const auto states = forward(network, batch, &trace, 2);
    HeadLoss loss = divergence(teacher, forward(teacher, batch, nullptr, 1), network, states, &gradients, 2);
    EXPECT_NEAR(loss.sum, mean_divergence(teacher, network, batch), 1e-3);
    backward(network, batch, trace, std::move(loss.gradient), &gradients, {}, 2);
    std::vector<const WeightMatrix*> slopes;
    for_each_matrix(gradients, [&](const WeightMatrix& matrix) { slopes.push_back(&matrix); });
    std::size_t at = 0;
    core::Random random(5);
    for_each_matrix(network.weights, [&](WeightMatrix& matrix) {
        const WeightMatrix& slope = *slopes[at++];
        if (matrix.empty()) return;
        double size = 0;
        for (const float x : slope.values) size += static_cast<double>(x) * x;
        ASSERT_GT(size, 0) << matrix.name;
        // Half along the gradient itself, so that the slope is far above the rounding of the loss.
        std::vector<float> direction(matrix.values.size());
        for (std::size_t i = 0; i < direction.size(); ++i)
            direction[i] = static_cast<float>(slope.values[i] / std::sqrt(size) +
                                              random.normal() / std::sqrt(static_cast<double>(direction.size())));
        double expected = 0;
        for (std::size_t i = 0; i < direction.size(); ++i)
            expected += static_cast<double>(slope.values[i]) * direction[i];
        const std::vector<float> before = matrix.values;
        constexpr double step = 2e-3;
        double losses[2];
        for (const int side : {0, 1}) {
            for (std::size_t i = 0; i < direction.size(); ++i)
                matrix.values[i] = before[i] + static_cast<float>(side == 0 ? -step : step) * direction[i];
            losses[side] = mean_divergence(teacher, network, batch);
        }
        matrix.values = before;
        const double found = (losses[1] - losses[0]) / (2 * step);
        EXPECT_NEAR(found, expected, 0.01 * std::fabs(expected) + 0.02) << matrix.name;
    });
}

INSTANTIATE_TEST_SUITE_P(Families, NetworkGradient,
                         testing::Values(Variant{"llama", false, false, false, false, true},
                                         Variant{"qwen2", true, true, false, true, false},
                                         Variant{"qwen3", true, false, true, false, false}),
                         [](const auto& variant) { return variant.param.name; });

class NetworkOfTestModel : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        path_ = *model;
        openblas_set_num_threads(1);
    }
    std::filesystem::path path_;
};

TEST_F(NetworkOfTestModel, LogitsAgreeWithTheEngine) {
    const NetworkReading reading = load_network(model::GgufFile(path_));
    ASSERT_TRUE(reading.network) << reading.unsupported;
    const auto tokens = some_tokens(200, reading.network->shape.vocabulary, 7);
    SequenceBatch batch;
    batch.add(tokens);
    const auto own = logits(*reading.network, forward(*reading.network, batch, nullptr, 2), 2);
    const engine::Model model(path_);
    engine::SessionOptions options;
    options.context = 256;
    engine::Session session(model, options);
    double divergence = 0;
    session.logits(tokens, 0, [&](std::size_t position, std::span<const float> row) {
        const std::span<const float> mine = std::span(own).subspan(position * row.size(), row.size());
        const double p0 = engine::log_probability(row, 0), q0 = engine::log_probability(mine, 0);
        for (std::size_t i = 0; i < row.size(); ++i) {
            const double p = p0 + static_cast<double>(row[i] - row[0]), q = q0 + static_cast<double>(mine[i] - mine[0]);
            divergence += std::exp(p) * (p - q);
        }
    });
    EXPECT_LT(divergence / 200, 1e-5);
}

TEST_F(NetworkOfTestModel, OutputGradientsDoNotDependOnThreads) {
    const model::GgufFile file(path_);
    std::vector<model::TokenSequence> set;
    for (std::uint64_t i = 0; i < 3; ++i) set.push_back({"", "", "", some_tokens(300, 4000, 10 + i)});
    OutputGradientOptions options;
    options.tokens = 500;
    const auto one = output_gradient_moments(file, set, options);
    options.threads = 2;
    const auto two = output_gradient_moments(file, set, options);
    EXPECT_EQ(one.rows, two.rows);
    EXPECT_EQ(one.tokens, 600u);
    ASSERT_EQ(one.rows.at("blk.0.attn_k.weight").size(), 64u);
    ASSERT_EQ(one.rows.size(), 6u * 7 + 1);
    for (const auto& [name, rows] : one.rows) EXPECT_GT(*std::max_element(rows.begin(), rows.end()), 0) << name;
}

}  // namespace
}  // namespace scale::quantize

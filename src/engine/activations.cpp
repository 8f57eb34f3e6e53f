#include "engine/activations.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include <ggml-backend.h>
#include <ggml.h>

#include "engine/activation_callback.h"
#include "engine/linear_input.h"

namespace scale::engine {

struct ActivationTap::Implementation {
    Statistics statistics;
    // The sums of the last dense input: query, key and value layers read the same one. Weights that took it already are
    // kept, since a reused graph hands out the same tensor again with other contents.
    const ggml_tensor* input = nullptr;
    std::set<const ggml_tensor*> taken;
    std::vector<double> sums;
    std::vector<std::byte> copy;  // of an input that is not in host memory
    HeadSkip head;
};

namespace {

void add_squares(double* sums, const float* row, std::size_t columns) {
    for (std::size_t c = 0; c < columns; ++c) sums[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
}

InputMoments& moments_of(Statistics& statistics, const ggml_tensor* weight) {
    InputMoments& moments = statistics[weight_name(weight)];
    const auto experts = static_cast<std::size_t>(weight->ne[2]);
    moments.counts.resize(experts);
    moments.sum_of_squares.resize(static_cast<std::size_t>(weight->ne[0]) * experts);
    return moments;
}

// tap.sums becomes those of the input's columns, apart for each of the weight's slices.
void sum_squares(ActivationTap::Implementation& tap, const ggml_tensor* input, std::int64_t slices) {
    const auto columns = static_cast<std::size_t>(input->ne[0]);
    const std::byte* data = host_data(input, tap.copy);
    const std::int64_t share = input->ne[2] / slices;
    tap.sums.assign(columns * static_cast<std::size_t>(slices), 0.0);
    for (std::int64_t i3 = 0; i3 < input->ne[3]; ++i3)
        for (std::int64_t i2 = 0; i2 < input->ne[2]; ++i2)
            for (std::int64_t i1 = 0; i1 < input->ne[1]; ++i1)
                add_squares(tap.sums.data() + static_cast<std::size_t>(i2 / share) * columns,
                            row_of(input, data, i1, i2, i3), columns);
}

void add_sums(const ActivationTap::Implementation& tap, const ggml_tensor* input, InputMoments& moments) {
    for (std::size_t i = 0; i < tap.sums.size(); ++i) moments.sum_of_squares[i] += tap.sums[i];
    const auto rows = static_cast<std::uint64_t>(ggml_nrows(input)) / moments.counts.size();
    for (std::uint64_t& count : moments.counts) count += rows;
}

// A weight with several slices (ne[2] > 1) multiplies each with its own share of the input's slices.
void add_dense(ActivationTap::Implementation& tap, const ggml_tensor* node) {
    const ggml_tensor* weight = node->src[0];
    const ggml_tensor* input = node->src[1];
    InputMoments& moments = moments_of(tap.statistics, weight);
    const auto columns = static_cast<std::size_t>(input->ne[0]);
    if (input->ne[2] % weight->ne[2] != 0 || moments.sum_of_squares.size() != columns * moments.counts.size()) return;
    if (tap.input != input || tap.taken.contains(weight) || tap.sums.size() != moments.sum_of_squares.size()) {
        sum_squares(tap, input, weight->ne[2]);
        tap.input = input;
        tap.taken.clear();
    }
    tap.taken.insert(weight);
    add_sums(tap, input, moments);
}

void add_experts(ActivationTap::Implementation& tap, const ggml_tensor* node) {
    InputMoments& moments = moments_of(tap.statistics, node->src[0]);
    const auto columns = static_cast<std::size_t>(node->src[1]->ne[0]);
    for_each_expert_row(node, tap.copy, [&](std::int32_t expert, const float* row) {
        if (expert < 0 || static_cast<std::size_t>(expert) >= moments.counts.size()) return;
        add_squares(moments.sum_of_squares.data() + static_cast<std::size_t>(expert) * columns, row, columns);
        ++moments.counts[static_cast<std::size_t>(expert)];
    });
    tap.input = nullptr;
}

// Counts what the head would read; false, since nothing after it need run.
bool end_at_head(ActivationTap::Implementation& tap, const ggml_tensor* input) {
    InputMoments& moments = tap.statistics["output.weight"];
    moments.counts.resize(1);
    moments.sum_of_squares.resize(static_cast<std::size_t>(input->ne[0]));
    sum_squares(tap, input, 1);
    add_sums(tap, input, moments);
    tap.input = nullptr;
    return false;
}

}  // namespace

void skip_head(ActivationTap::Implementation& tap, bool skip) {
    tap.head.wanted = skip;
}

bool activation_callback(ggml_tensor* node, bool ask, void* user_data) {
    auto& tap = *static_cast<ActivationTap::Implementation*>(user_data);
    if (ask) tap.head.learn(node);
    if (tap.head.ends_at(node)) return ask || end_at_head(tap, node);
    if (ask) return is_linear_layer(node);
    if (!is_linear_layer(node)) return true;
    if (node->op == GGML_OP_MUL_MAT)
        add_dense(tap, node);
    else
        add_experts(tap, node);
    return true;
}

ActivationTap::ActivationTap() : implementation_(std::make_unique<Implementation>()) {}
ActivationTap::~ActivationTap() = default;

const Statistics& ActivationTap::statistics() const {
    return implementation_->statistics;
}

Statistics ActivationTap::take() {
    return std::exchange(implementation_->statistics, {});
}

void ActivationTap::restore(Statistics statistics) {
    implementation_->statistics = std::move(statistics);
}

}  // namespace scale::engine

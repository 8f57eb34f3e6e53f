#include "quantize/network/attention.h"

#include <algorithm>
#include <cblas.h>
#include <cmath>
#include <vector>

#include "core/parallel.h"
#include "core/vector_math.h"

namespace scale::quantize {

namespace {

using core::exp_lanes;
using core::lane_count;
using core::load;
using core::store;

constexpr int block_rows = 128;

// softmax(scale · scores) of the first `count` of `width` values, zeros behind; width is a multiple of 16.
SCALE_CLONES void softmax_row(float* scores, int count, int width, float scale) {
    float highest = scores[0];
    for (int i = 1; i < count; ++i) highest = std::max(highest, scores[i]);
    std::fill(scores + count, scores + width, highest);
    for (int i = 0; i < count; i += lane_count) store(scores + i, exp_lanes((load(scores + i) - highest) * scale));
    std::fill(scores + count, scores + width, 0.0f);
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += scores[i];
    const auto inverse = static_cast<float>(1 / sum);
    for (int i = 0; i < count; ++i) scores[i] *= inverse;
}

// Queries [first, first + rows) of one head of one sequence against the keys before them.
struct Rows {
    int first;  // within the sequence
    int rows;
    int keys;   // first + rows
    int width;  // of a row of scores: keys rounded up to whole lanes
};

template <typename Task>
void over_rows(int length, const Task& task) {
    for (int first = 0; first < length; first += block_rows) {
        const int rows = std::min(block_rows, length - first), keys = first + rows;
        task(Rows{first, rows, keys, (keys + lane_count - 1) / lane_count * lane_count});
    }
}

void probabilities(const Rows& r, const float* q, int q_stride, const float* k, int k_stride, int wide,
                   std::vector<float>& scores) {
    scores.resize(static_cast<std::size_t>(r.rows) * static_cast<std::size_t>(r.width));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, r.rows, r.keys, wide, 1.0f,
                q + static_cast<std::ptrdiff_t>(r.first) * q_stride, q_stride, k, k_stride, 0.0f, scores.data(),
                r.width);
    const float scale = 1.0f / std::sqrt(static_cast<float>(wide));
    for (int i = 0; i < r.rows; ++i)
        softmax_row(scores.data() + static_cast<std::ptrdiff_t>(i) * r.width, r.first + i + 1, r.width, scale);
}

// task(first token of the sequence, its length, key-value head) for all of them.
template <typename Task>
void over_heads(const NetworkShape& shape, const SequenceBatch& batch, int threads, const Task& task) {
    core::run_tasks(batch.sequences() * shape.kv_heads, threads, [&](int i) {
        const auto s = static_cast<std::size_t>(i / shape.kv_heads);
        task(batch.begins[s], batch.begins[s + 1] - batch.begins[s], i % shape.kv_heads);
    });
}

}  // namespace

void attention_forward(const NetworkShape& shape, const SequenceBatch& batch, std::span<const float> q,
                       std::span<const float> k, std::span<const float> v, std::span<float> mixed, int threads) {
    const int wide = shape.head_width, qs = shape.query_width(), ks = shape.kv_width();
    const int group = shape.heads / shape.kv_heads;
    over_heads(shape, batch, threads, [&](int begin, int length, int kv_head) {
        const std::ptrdiff_t kv = static_cast<std::ptrdiff_t>(begin) * ks + kv_head * wide;
        std::vector<float> scores;
        for (int head = kv_head * group; head < (kv_head + 1) * group; ++head) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(begin) * qs + head * wide;
            over_rows(length, [&](const Rows& r) {
                probabilities(r, q.data() + at, qs, k.data() + kv, ks, wide, scores);
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, r.rows, wide, r.keys, 1.0f, scores.data(),
                            r.width, v.data() + kv, ks, 0.0f,
                            mixed.data() + at + static_cast<std::ptrdiff_t>(r.first) * qs, qs);
            });
        }
    });
}

void attention_backward(const NetworkShape& shape, const SequenceBatch& batch, std::span<const float> q,
                        std::span<const float> k, std::span<const float> v, std::span<const float> mixed,
                        std::span<const float> g, std::span<float> dq, std::span<float> dk, std::span<float> dv,
                        int threads) {
    const int wide = shape.head_width, qs = shape.query_width(), ks = shape.kv_width();
    const int group = shape.heads / shape.kv_heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(wide));
    std::fill(dk.begin(), dk.end(), 0.0f);
    std::fill(dv.begin(), dv.end(), 0.0f);
    over_heads(shape, batch, threads, [&](int begin, int length, int kv_head) {
        const std::ptrdiff_t kv = static_cast<std::ptrdiff_t>(begin) * ks + kv_head * wide;
        std::vector<float> p, ds;
        for (int head = kv_head * group; head < (kv_head + 1) * group; ++head) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(begin) * qs + head * wide;
            over_rows(length, [&](const Rows& r) {
                const std::ptrdiff_t row = at + static_cast<std::ptrdiff_t>(r.first) * qs;
                probabilities(r, q.data() + at, qs, k.data() + kv, ks, wide, p);
                ds.assign(p.size(), 0.0f);
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, r.rows, r.keys, wide, 1.0f, g.data() + row, qs,
                            v.data() + kv, ks, 0.0f, ds.data(), r.width);
                cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, r.keys, wide, r.rows, 1.0f, p.data(), r.width,
                            g.data() + row, qs, 1.0f, dv.data() + kv, ks);
                for (int i = 0; i < r.rows; ++i) {
                    const std::ptrdiff_t token = row + static_cast<std::ptrdiff_t>(i) * qs;
                    float along = 0;  // Σ_j p_j · ∂loss/∂p_j, by way of the output
                    for (int c = 0; c < wide; ++c) along += g[token + c] * mixed[token + c];
                    const std::ptrdiff_t line = static_cast<std::ptrdiff_t>(i) * r.width;
                    for (int j = 0; j < r.width; ++j) ds[line + j] = p[line + j] * (ds[line + j] - along) * scale;
                }
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, r.rows, wide, r.keys, 1.0f, ds.data(), r.width,
                            k.data() + kv, ks, 0.0f, dq.data() + row, qs);
                cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, r.keys, wide, r.rows, 1.0f, ds.data(), r.width,
                            q.data() + row, qs, 1.0f, dk.data() + kv, ks);
            });
        }
    });
}

}  // namespace scale::quantize

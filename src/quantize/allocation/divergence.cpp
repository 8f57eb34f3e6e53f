#include "quantize/allocation/divergence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "engine/logit_rows.h"
#include "engine/session.h"

namespace scale::quantize {

namespace {

constexpr std::size_t first_scored = 1;  // the first token is often the same for all texts

engine::SessionOptions session_options(std::size_t longest, int threads) {
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    options.threads = threads;
    return options;
}

}  // namespace

double mean_of(const std::vector<double>& values) {
    return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> change(std::min(a.size(), b.size()));
    for (std::size_t i = 0; i < change.size(); ++i) change[i] = b[i] - a[i];
    PairedDifference result{mean_of(change), std::numeric_limits<double>::infinity()};
    if (change.size() < 2) return result;
    double squares = 0;
    for (const double x : change) squares += (x - result.mean) * (x - result.mean);
    const auto n = static_cast<double>(change.size());
    result.error = std::sqrt(squares / (n - 1) / n);
    return result;
}

DivergenceMeter::DivergenceMeter(const std::filesystem::path& original, const std::vector<model::TokenSequence>& texts,
                                 int threads, std::uint64_t memory_bytes)
    : threads_(threads) {
    const engine::Model model(original);
    const auto row_bytes = sizeof(float) * static_cast<std::uint64_t>(model.vocabulary());
    const auto trained = model.trained_context() > 0 ? static_cast<std::size_t>(model.trained_context()) : SIZE_MAX;
    std::uint64_t used = 0;
    for (model::TokenSequence text : texts) {
        text.tokens.resize(std::min(text.tokens.size(), trained));
        if (text.tokens.size() <= first_scored) continue;
        used += row_bytes * text.tokens.size();
        if (used > memory_bytes && !texts_.empty()) break;
        longest_ = std::max(longest_, text.tokens.size());
        texts_.push_back(std::move(text));
    }
    if (texts_.empty()) throw core::input_error("no text of two or more tokens to measure a divergence on");
    engine::Session session(model, session_options(longest_, threads_));
    for (const auto& text : texts_) {
        auto& rows = logits_.emplace_back();
        session.logits(text.tokens, first_scored, [&](std::size_t, std::span<const float> row) {
            rows.insert(rows.end(), row.begin(), row.end());
        });
    }
}

std::vector<double> DivergenceMeter::measure(const std::filesystem::path& candidate) const {
    const engine::Model model(candidate);
    engine::Session session(model, session_options(longest_, threads_));
    std::vector<double> means;
    for (std::size_t t = 0; t < texts_.size(); ++t) {
        double sum = 0;
        std::size_t count = 0;
        session.logits(texts_[t].tokens, first_scored, [&](std::size_t, std::span<const float> row) {
            const auto original = std::span<const float>(logits_[t]).subspan(count * row.size(), row.size());
            sum += engine::row_divergence(original, row).kl;
            ++count;
        });
        means.push_back(sum / static_cast<double>(count));
    }
    return means;
}

}  // namespace scale::quantize

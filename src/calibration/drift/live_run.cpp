#include "calibration/drift/live_run.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/logit_rows.h"
#include "engine/session.h"

namespace scale::calibration {

void ChannelMaxima::take_row(std::vector<float>& maxima, const float* row, std::size_t first, std::size_t columns) {
    if (maxima.size() < first + columns) maxima.resize(first + columns);
    float* largest = maxima.data() + first;
    if (learning_) {
        for (std::size_t c = 0; c < columns; ++c) largest[c] = std::max(largest[c], std::abs(row[c]));
        return;
    }
    int above = 0;
    for (std::size_t c = 0; c < columns; ++c) above += std::abs(row[c]) > largest[c] ? 1 : 0;
    above_ += above;
    seen_ += static_cast<double>(columns);
}

void ChannelMaxima::observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) {
    if (same_input) return;
    std::vector<float>& maxima = maxima_[weight];
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t at = 0; at < rows.size(); at += width) take_row(maxima, rows.data() + at, 0, width);
}

void ChannelMaxima::observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                                    std::span<const std::int32_t> experts, bool same_input) {
    if (same_input) return;
    std::vector<float>& maxima = maxima_[weight];
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t i = 0; i < experts.size(); ++i)
        if (experts[i] >= 0)
            take_row(maxima, rows.data() + i * width, static_cast<std::size_t>(experts[i]) * width, width);
}

struct LiveRun::Engines {
    Engines(const std::filesystem::path& original_file, const std::filesystem::path& artefact_file, int threads,
            int context)
        : original(original_file) {
        engine::SessionOptions options;
        options.context = context;
        options.threads = threads;
        if (!artefact_file.empty()) {
            artefact.emplace(artefact_file);
            other.emplace(*artefact, options);
        }
        options.observer = &maxima;
        session.emplace(original, options);
    }

    engine::Model original;
    std::optional<engine::Model> artefact;
    ChannelMaxima maxima;
    std::optional<engine::Session> session;
    std::optional<engine::Session> other;
    std::vector<float> rows;  // the original's logits of one text
};

LiveRun::LiveRun(const std::filesystem::path& original, const std::filesystem::path& artefact, int threads, int context)
    : engines_(std::make_unique<Engines>(original, artefact, threads, context)) {}
LiveRun::~LiveRun() = default;

void LiveRun::learn(std::span<const engine::Token> tokens) {
    engines_->maxima.learn(true);
    engines_->session->run_together({&tokens, 1});
}

TextRun LiveRun::run(std::span<const engine::Token> tokens) {
    Engines& engines = *engines_;
    engines.maxima.learn(false);
    engines.maxima.reset_counts();
    engines.rows.clear();
    engines.session->logits(tokens, 0, [&](std::size_t, std::span<const float> row) {
        if (engines.other) engines.rows.insert(engines.rows.end(), row.begin(), row.end());
    });
    TextRun result{engines.maxima.above(), engines.maxima.seen(), 0, static_cast<double>(tokens.size())};
    if (!engines.other) return result;
    engines.other->logits(tokens, 0, [&](std::size_t position, std::span<const float> row) {
        const auto original = std::span(engines.rows).subspan(position * row.size(), row.size());
        result.kl += engine::row_divergence(original, row).kl;
    });
    return result;
}

}  // namespace scale::calibration

// How far GGUF files are from their original on a text: one JSON object a file on stdout.
//
// usage: bench_file_divergence ORIGINAL TEXT TOKENS THREADS FILE…
//
// The text is cut into sequences of 512 tokens; every position but the first of each is judged. KL is forward,
// Σ p ln(p/q) in nats a token with p of the original. Errors are standard errors over sequences; the differences are to
// the first FILE, paired by sequence.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "divergence.h"
#include "engine/session.h"

namespace {

using namespace scale;

// The rows of one sequence; row i predicts token i + 1.
std::vector<float> rows_of(engine::Session& session, const std::vector<engine::Token>& tokens) {
    std::vector<float> rows;
    session.logits(tokens, 1, [&](std::size_t position, std::span<const float> row) {
        if (position + 1 < tokens.size()) rows.insert(rows.end(), row.begin(), row.end());
    });
    return rows;
}

struct Judged {
    std::vector<double> kl;           // every position
    std::vector<double> by_sequence;  // mean KL
    double surprise = 0;              // Σ −ln q of the token that follows
    std::size_t agreed = 0;
};

core::Json mean_and_error(const std::vector<double>& values) {
    const bench::MeanError found = bench::mean_of(values);
    return {{"mean", found.mean}, {"error", found.error}};
}

double quantile(std::vector<double> values, double q) {
    const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

core::Json describe(const std::string& file, const Judged& judged, const Judged& first) {
    std::vector<double> change;
    for (std::size_t i = 0; i < judged.by_sequence.size(); ++i)
        change.push_back(judged.by_sequence[i] - first.by_sequence[i]);
    const auto positions = static_cast<double>(judged.kl.size());
    return {{"file", std::filesystem::path(file).filename().string()},
            {"bytes", std::filesystem::file_size(file)},
            {"sequences", judged.by_sequence.size()},
            {"kl", mean_and_error(judged.by_sequence)},
            {"kl_median", quantile(judged.kl, 0.5)},
            {"kl_99", quantile(judged.kl, 0.99)},
            {"kl_99_9", quantile(judged.kl, 0.999)},
            {"same_first_choice", static_cast<double>(judged.agreed) / positions},
            {"perplexity", std::exp(judged.surprise / positions)},
            {"kl_difference", mean_and_error(change)}};
}

void run(int count, char** arguments) {
    const engine::Model original{std::filesystem::path(arguments[1])};
    const auto texts = bench::sequences_of(original, arguments[2], std::strtoull(arguments[3], nullptr, 10));
    engine::SessionOptions options;
    options.context = static_cast<int>(bench::sequence_tokens);
    options.threads = std::max(1, std::atoi(arguments[4]));
    std::vector<std::unique_ptr<engine::Model>> models;
    std::vector<std::unique_ptr<engine::Session>> sessions;
    for (int i = 5; i < count; ++i) {
        models.push_back(std::make_unique<engine::Model>(std::filesystem::path(arguments[i])));
        sessions.push_back(std::make_unique<engine::Session>(*models.back(), options));
    }
    engine::Session truth(original, options);
    std::vector<Judged> judged(sessions.size());
    for (const auto& text : texts) {
        const auto& tokens = text.tokens;
        const std::vector<float> p = rows_of(truth, tokens);
        const std::size_t width = p.size() / (tokens.size() - 2);
        for (std::size_t s = 0; s < sessions.size(); ++s) {
            const std::vector<float> q = rows_of(*sessions[s], tokens);
            double sum = 0;
            for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
                const auto row = std::span(q).subspan(i * width, width);
                const auto found = bench::compare_rows(std::span(p).subspan(i * width, width), row);
                sum += found.kl;
                judged[s].kl.push_back(found.kl);
                judged[s].surprise -= engine::log_probability(row, tokens[i + 2]);
                judged[s].agreed += found.same_first_choice;
            }
            judged[s].by_sequence.push_back(sum / static_cast<double>(tokens.size() - 2));
        }
    }
    for (std::size_t s = 0; s < sessions.size(); ++s)
        std::puts(describe(arguments[5 + static_cast<int>(s)], judged[s], judged[0]).dump().c_str());
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 6) {
        std::fputs("usage: bench_file_divergence ORIGINAL TEXT TOKENS THREADS FILE…\n", stderr);
        return 2;
    }
    try {
        run(count, arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_file_divergence: %s\n", error.what());
        return 1;
    }
    return 0;
}

#include "quantize/refine/gather_inputs.h"

#include <algorithm>
#include <span>
#include <vector>

#include "engine/session.h"

namespace scale::quantize {

std::string input_name(const model::GgufFile& file, const std::string& tensor) {
    return tensor == "token_embd.weight" && !file.tensor("output.weight") ? "output.weight" : tensor;
}

namespace {

constexpr int batch = 512;  // tokens a pass; short texts share one
constexpr std::size_t most_together = 16;

}  // namespace

void gather_inputs(const std::filesystem::path& model_path, const std::vector<model::TokenSequence>& texts,
                   InputMomentsCollector& collector, int threads, const std::function<void(double)>& progress) {
    std::size_t longest = 1;
    for (const auto& text : texts) longest = std::max(longest, text.tokens.size());
    const engine::Model model(model_path);
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    if (model.trained_context() > 0) options.context = std::min(options.context, model.trained_context());
    options.sequences = most_together;
    options.cells = std::max(options.context, batch);
    options.batch = batch;
    options.threads = threads;
    options.observer = &collector;
    engine::Session session(model, options);
    std::size_t done = 0;
    std::vector<std::span<const engine::Token>> together;
    std::size_t tokens = 0;
    const auto run = [&] {
        if (together.empty()) return;
        session.run_together(together);
        done += together.size();
        together.clear();
        tokens = 0;
        progress(static_cast<double>(done) / static_cast<double>(texts.size()));
    };
    for (std::size_t half = 0; half < 2; ++half) {
        collector.begin_sample(static_cast<int>(half));
        for (std::size_t i = half; i < texts.size(); i += 2) {
            std::span<const engine::Token> text = texts[i].tokens;
            text = text.first(std::min(text.size(), static_cast<std::size_t>(options.context)));
            if (together.size() == most_together || tokens + text.size() > static_cast<std::size_t>(batch)) run();
            together.push_back(text);
            tokens += text.size();
        }
        run();
    }
}

}  // namespace scale::quantize

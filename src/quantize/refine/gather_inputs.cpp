#include "quantize/refine/gather_inputs.h"

#include <algorithm>
#include <span>

#include "engine/session.h"

namespace scale::quantize {

std::string input_name(const model::GgufFile& file, const std::string& tensor) {
    return tensor == "token_embd.weight" && !file.tensor("output.weight") ? "output.weight" : tensor;
}

void gather_inputs(const std::filesystem::path& model_path, const std::vector<model::TokenSequence>& texts,
                   InputMomentsCollector& collector, int threads, const std::function<void(double)>& progress) {
    std::size_t longest = 1;
    for (const auto& text : texts) longest = std::max(longest, text.tokens.size());
    const engine::Model model(model_path);
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    if (model.trained_context() > 0) options.context = std::min(options.context, model.trained_context());
    options.threads = threads;
    options.observer = &collector;
    engine::Session session(model, options);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        collector.begin_sample(static_cast<int>(i % 2));
        std::span<const engine::Token> tokens = texts[i].tokens;
        tokens = tokens.first(std::min(tokens.size(), static_cast<std::size_t>(options.context)));
        session.logits(tokens, tokens.size(), [](std::size_t, std::span<const float>) {});
        progress(static_cast<double>(i + 1) / static_cast<double>(texts.size()));
    }
}

}  // namespace scale::quantize

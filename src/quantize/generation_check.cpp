#include "quantize/generation_check.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "engine/model.h"
#include "engine/session.h"

namespace scale::quantize {

Generation generate_once(const std::filesystem::path& path, int threads) {
    const engine::Model model(path);
    const std::string text = model.has_chat_template() ? model.apply_chat_template({{"user", generation_prompt}}, true)
                                                       : std::string(generation_prompt);
    const auto prompt = model.tokenize(text, true, true);
    engine::SessionOptions options;
    options.context = static_cast<int>(prompt.size()) + generation_tokens + 1;
    options.threads = threads;
    engine::Session session(model, options);
    Generation generation;
    session.logits(prompt, prompt.size() - 1, [&](std::size_t, std::span<const float> logits) {
        generation.finite = std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); });
    });
    if (generation.finite) generation.text = model.detokenize(session.generate(prompt, generation_tokens));
    return generation;
}

void check_generation(const Generation& original, const Generation& artefact) {
    const char* next = "choose another type, or check the original";
    if (!original.finite) throw core::input_error("the original's logits are not finite", "a model that runs", next);
    if (!artefact.finite)
        throw core::worker_error("the artefact's logits are not finite; it was not published", {}, next);
    if (core::trimmed(artefact.text).empty() && !core::trimmed(original.text).empty())
        throw core::worker_error("the artefact generates nothing; it was not published",
                                 "an answer, as the original gives: " + core::trimmed(original.text).substr(0, 80),
                                 next);
}

}  // namespace scale::quantize

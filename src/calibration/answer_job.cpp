#include "calibration/answer_job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "calibration/templated.h"
#include "core/error.h"
#include "core/text.h"
#include "engine/model.h"
#include "engine/session.h"

namespace scale::calibration {

namespace {

using core::Json;

// The answer's text; "" where there is none.
std::string answer_to(const engine::Model& model, engine::Session& session, const Json& request, std::size_t max_tokens,
                      int answer_tokens) {
    const std::vector<engine::Token> prompt = tokens_of(model, templated_text(model, request, max_tokens));
    if (prompt.empty() || prompt.size() + 1 >= max_tokens) return {};
    const int room = std::min(answer_tokens, static_cast<int>(max_tokens - prompt.size()));
    std::vector<engine::Token> answer = session.generate(prompt, room);
    while (!answer.empty() && model.is_end_of_generation(answer.back())) answer.pop_back();
    const std::string text = core::trimmed(model.detokenize(answer));
    return core::is_valid_utf8(text) ? text : std::string();  // the limit may cut a character in two
}

}  // namespace

core::Json answer_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to calibration.answer";
    const engine::Model model(core::required<std::string>(request, "model", source));
    auto max_tokens = core::required<std::size_t>(request, "max_tokens", source);
    if (model.trained_context() > 0)
        max_tokens = std::min(max_tokens, static_cast<std::size_t>(model.trained_context()));
    const auto answer_tokens = core::required<int>(request, "answer_tokens", source);
    const auto requests = core::required<Json>(request, "requests", source);
    engine::SessionOptions options;
    options.context = static_cast<int>(max_tokens);
    options.threads = core::required<int>(request, "threads", source);
    engine::Session session(model, options);
    Json answers = Json::array();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        try {
            const std::string text = answer_to(model, session, requests[i], max_tokens, answer_tokens);
            if (!text.empty()) answers.push_back({{"position", i}, {"answer", text}});
        } catch (const core::Error&) {
            // The tokenizer refuses it too, and says so with the reason.
        }
        context.progress(static_cast<double>(i + 1), static_cast<double>(requests.size()));
    }
    return {{"answers", answers}};
}

}  // namespace scale::calibration

#include "calibration/tokenize_job.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "calibration/templated.h"
#include "core/error.h"
#include "engine/model.h"

namespace scale::calibration {

namespace {

using core::Json;

Json sequence_of(const engine::Model& model, const Json& request, std::size_t max_tokens) {
    std::string text = templated_text(model, request, max_tokens);
    std::vector<engine::Token> tokens = tokens_of(model, text);
    if (tokens.size() < 2) throw core::input_error("it has fewer than 2 tokens");
    const bool cut = tokens.size() > max_tokens;
    if (cut) {
        tokens.resize(max_tokens);
        text = model.detokenize(tokens);
    }
    return {
        {"id", request.at("id")}, {"stratum", request.at("stratum")}, {"text", text}, {"tokens", tokens}, {"cut", cut}};
}

}  // namespace

core::Json tokenize_job(const core::Json& request, engine::JobContext& context) {
    const std::string source = "the request to calibration.tokenize";
    const engine::Model model(core::required<std::string>(request, "model", source), {.vocabulary_only = true});
    const auto max_tokens = core::required<std::size_t>(request, "max_tokens", source);
    const auto requests = core::required<Json>(request, "requests", source);
    Json sequences = Json::array();
    Json refused = Json::array();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        try {
            sequences.push_back(sequence_of(model, requests[i], max_tokens));
            sequences.back()["position"] = i;
        } catch (const core::Error& error) {
            refused.push_back({{"position", i}, {"reason", error.found()}});
        }
        context.progress(static_cast<double>(i + 1), static_cast<double>(requests.size()));
    }
    return {{"sequences", sequences}, {"refused", refused}, {"has_template", model.has_chat_template()}};
}

}  // namespace scale::calibration

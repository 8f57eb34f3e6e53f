// A server that scores prompts as vLLM does, from rows of logits that the test gives.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/json.h"
#include "engine/session.h"
#include "support/fake_server.h"

namespace scale::test {

using Tokens = std::vector<engine::Token>;
// rows[i]: logits after token i of the prompt.
using Rows = std::function<std::vector<std::vector<float>>(const Tokens& prompt)>;

// The engine's, for a file.
inline Rows rows_of(const std::string& path) {
    struct Opened {
        explicit Opened(const std::string& file) : model(file), session(model, {.context = 512}) {}
        engine::Model model;
        engine::Session session;
    };
    const auto opened = std::make_shared<Opened>(path);
    return [opened](const Tokens& prompt) {
        std::vector<std::vector<float>> rows;
        opened->session.logits(prompt, 0, [&](std::size_t, std::span<const float> logits) {
            rows.emplace_back(logits.begin(), logits.end());
        });
        return rows;
    };
}

// One place as vLLM writes it: the token that stands there first, then the most likely ones; -1: all.
inline std::string place_text(const std::vector<float>& row, engine::Token stands, int top) {
    const double high = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float logit : row) sum += std::exp(logit - high);
    std::vector<engine::Token> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    const auto kept = top < 0 ? order.size() : std::min(order.size(), static_cast<std::size_t>(top));
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                      [&](auto a, auto b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    order.resize(kept);
    if (std::find(order.begin(), order.end(), stands) == order.end()) order.insert(order.begin(), stands);
    std::string text = "{";
    for (const engine::Token token : order)
        text += fmt::format(R"({}"{}":{{"logprob":{},"rank":1,"decoded_token":"\u0120x"}})", text.size() > 1 ? "," : "",
                            token, static_cast<double>(row[token]) - high - std::log(sum));
    return text + "}";
}

inline std::string answer_text(const Rows& rows, const Tokens& prompt, int top) {
    const auto logits = rows(prompt);
    std::string places = "null";
    for (std::size_t i = 1; i < prompt.size(); ++i) places += "," + place_text(logits[i - 1], prompt[i], top);
    return R"({"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":" the","logprobs":null,)"
           R"("finish_reason":"length","prompt_logprobs":[)" +
           places + R"(]}],"usage":{"prompt_tokens":3,"completion_tokens":1}})";
}

// The largest number of tokens a place that it gives is `most`, as --max-logprobs has it; -1: all.
class ScoringServer {
  public:
    explicit ScoringServer(Rows rows, int most = -1)
        : rows_(std::move(rows)), most_(most), server_([this](int, const std::string& request) {
              return reply(request);
          }) {}

    const std::string& url() const { return server_.url; }
    int scored() const { return scored_; }

  private:
    std::string reply(const std::string& request) {
        if (request.starts_with("GET /v1/models"))
            return http("200 OK", R"({"data":[{"id":"assistant","owned_by":"vllm","max_model_len":512}]})");
        if (request.starts_with("GET /version")) return http("200 OK", R"({"version":"0.32.0"})");
        const core::Json body = core::Json::parse(request.substr(request.find("\r\n\r\n") + 4));
        const int top = body.at("prompt_logprobs").get<int>();
        if (most_ >= 0 && (top < 0 || top > most_))
            return http("400 Bad Request",
                        fmt::format(R"({{"error":{{"message":"Requested prompt logprobs of {}, which is greater than )"
                                    R"(max allowed: {}"}}}})",
                                    top, most_));
        ++scored_;
        return http("200 OK", answer_text(rows_, body.at("prompt").get<Tokens>(), top));
    }

    Rows rows_;
    int most_;
    std::atomic<int> scored_{0};
    FakeServer server_;
};

}  // namespace scale::test

// Items of generation asked of an OpenAI-compatible server (vLLM, SGLang, llama-server, a gateway): the model as it is
// served, with the server's own template, tokenizer and kernels.
//
// Greedy (temperature 0). A message goes to /v1/chat/completions, text to be continued to /v1/completions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "quality/measurements.h"
#include "quality/suite/item.h"

namespace scale::quality {

struct EndpointSettings {
    std::string url;           // "http://host:8000", with or without /v1; "": none
    std::string model;         // its name in requests; "": the first that the server lists
    std::string key_variable;  // environment variable with the API key; "" sends none
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EndpointSettings, url, model, key_variable)

class Endpoint {
  public:
    // Asks for the list of models: throws an input error where nobody answers, the key is not set or refused, or the
    // server does not list the model.
    explicit Endpoint(const EndpointSettings& settings);

    const std::string& model() const { return model_; }

    // result[i] belongs to items[i]; a few requests at a time. A server that is busy or restarting (429, 502, 503, 504,
    // no connection) is asked again a few times; then, and for any other answer than 200, an io error with its words.
    std::vector<Answer> write_answers(std::span<const Item* const> items) const;

  private:
    Answer ask(const Item& item) const;
    core::Json post(const std::string& path, const core::Json& body) const;

    std::string base_;  // ends in /v1
    std::string key_;
    std::string model_;
};

}  // namespace scale::quality

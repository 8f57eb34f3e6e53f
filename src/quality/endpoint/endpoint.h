// Items of generation asked of an OpenAI-compatible server (vLLM, SGLang, llama-server, a gateway): the model as it is
// served, with the server's own template, tokenizer and kernels.
//
// Greedy (temperature 0). A message goes to /v1/chat/completions, text to be continued to /v1/completions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/model_server.h"
#include "quality/measurements.h"
#include "quality/suite/item.h"

namespace scale::quality {

class Endpoint {
  public:
    // Throws an input error where the settings lead to no server that lists the model.
    explicit Endpoint(const client::ServerSettings& settings);

    const std::string& model() const { return server_.model(); }

    // result[i] belongs to items[i]; a few requests at a time. Errors as in requests.h.
    std::vector<Answer> write_answers(std::span<const Item* const> items) const;

  private:
    Answer ask(const Item& item) const;

    client::ModelServer server_;
};

}  // namespace scale::quality

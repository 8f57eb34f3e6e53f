// An OpenAI-compatible server of somebody else's (vLLM, SGLang, llama-server, a gateway): where it is, the model that
// it serves, and the key that it wants.
#pragma once

#include <string>

#include "client/http_call.h"
#include "core/json.h"

namespace scale::client {

struct ServerSettings {
    std::string url;           // "http://host:8000", with or without /v1; "": none
    std::string model;         // its name in requests; "": the first that the server lists
    std::string key_variable;  // environment variable with the API key; "" sends none
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ServerSettings, url, model, key_variable)

// What a person is told to do where the settings do not lead to a server.
struct ServerAdvice {
    std::string address;  // "correct original_url in [quality] of scale.toml"
    std::string key;      // "take key_variable out of [quality] in scale.toml"
};

class ModelServer {
  public:
    // Asks for the list of models: throws an input error where nobody answers, the key is not set or refused, or the
    // server does not list the model.
    ModelServer(const ServerSettings& settings, const ServerAdvice& advice);

    const std::string& model() const { return model_; }
    const std::string& address() const { return shown_; }  // ends in /v1; without a user and password in the URL
    std::string software() const;  // asks: "vllm 0.32.0", as the server tells; "" where it does not

    // A request to the path below /v1: an empty body is a GET.
    HttpCall call(const std::string& path, const core::Json& body = {}) const;

  private:
    std::string base_;   // ends in /v1
    std::string shown_;  // base_ for people and records
    std::string key_;
    std::string model_;
    std::string owner_;  // of the model, by the list
};

// The URL without a user and password in it, for people and records.
std::string without_credentials(std::string url);

// "status 503: …" or why there is no answer; a server's words are cut, and made fit for a terminal.
std::string words_of(const HttpAnswer& answer);

// A foreign text for people: control characters and what is not UTF-8 become '?', cut after `longest` bytes.
std::string printable(std::string text, std::size_t longest);

}  // namespace scale::client

#include "choice/endpoint/timed_request.h"

#include <chrono>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "client/events.h"
#include "core/error.h"
#include "core/json.h"

namespace scale::choice {

namespace {

using Clock = std::chrono::steady_clock;

const char* path_of(Api api) {
    return api == Api::completions ? "/completions" : "/chat/completions";
}

core::Json body_of(const client::ModelServer& server, Api api, const TimedRequest& request) {
    core::Json body{{"model", server.model()}, {"max_tokens", request.completion_tokens},    {"temperature", 0},
                    {"ignore_eos", true},  // vLLM, SGLang and llama-server; others pass it over
                    {"stream", true},          {"stream_options", {{"include_usage", true}}}};
    if (api == Api::completions)
        body["prompt"] = request.prompt;
    else
        body["messages"] = {{{"role", "user"}, {"content", request.prompt}}};
    return body;
}

// Does the event bring a token?
bool brings_token(const core::Json& event) {
    const auto choices = event.find("choices");
    if (choices == event.end() || !choices->is_array() || choices->empty()) return false;
    const core::Json& choice = choices->front();
    if (!choice.is_object()) return false;
    const auto filled = [](const core::Json& holder, const char* name) {
        const auto found = holder.find(name);
        return found != holder.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
    };
    if (filled(choice, "text")) return true;
    // A token may have no text of its own, as half a character has none; the event that ends the answer is no token.
    const auto ended = choice.find("finish_reason");
    if (choice.contains("text") && (ended == choice.end() || ended->is_null())) return true;
    const auto delta = choice.find("delta");
    return delta != choice.end() && delta->is_object() &&
           (filled(*delta, "content") || filled(*delta, "reasoning_content") || filled(*delta, "reasoning"));
}

class StreamedAnswer {
  public:
    // What take() gets next came just now.
    void arrived() { now_ = std::chrono::duration<double>(Clock::now() - start_).count(); }

    void take(std::string_view data) {
        if (data == "[DONE]") return;
        const core::Json event = core::Json::parse(data, nullptr, false);
        if (!event.is_object()) return;
        if (const auto error = event.find("error"); error != event.end())
            problem_ = error->dump(-1, ' ', false, core::Json::error_handler_t::replace);
        if (brings_token(event)) {
            if (timing_.pieces++ == 0) timing_.first_token = now_;
            timing_.last_token = now_;
        }
        const auto usage = event.find("usage");
        if (usage == event.end() || !usage->is_object()) return;
        const auto count = [&](const char* name, int& into) {
            const auto found = usage->find(name);
            if (found != usage->end() && found->is_number_integer()) into = found->get<int>();
        };
        count("prompt_tokens", timing_.prompt_tokens);
        count("completion_tokens", timing_.completion_tokens);
    }

    const Timing& timing() const { return timing_; }
    const std::string& problem() const { return problem_; }

  private:
    Clock::time_point start_ = Clock::now();
    double now_ = 0;
    Timing timing_;
    std::string problem_;
};

core::Error refusal(const client::ModelServer& server, const char* path, const client::HttpAnswer& answer) {
    std::string next = "see to the server, then scale choose again";
    if (answer.status == 401 || answer.status == 403)
        next = "--key-variable names the environment variable that holds the server's API key";
    return core::input_error(fmt::format("{}{} gave {}", server.address(), path, client::words_of(answer)),
                             "a streamed answer", next);
}

}  // namespace

Timing time_request(const client::ModelServer& server, Api api, const TimedRequest& request,
                    client::HttpConnection& connection) {
    const char* path = path_of(api);
    const std::string where = server.address() + path;
    client::HttpCall call = server.call(path, body_of(server, api, request));
    client::EventReader events;
    StreamedAnswer answer;
    call.on_piece = [&](std::string_view piece) {
        answer.arrived();
        events.feed(piece, [&](std::string_view data) { answer.take(data); });
    };
    const client::HttpAnswer ended = connection.call(call);
    if (ended.status != 200) throw refusal(server, path, ended);
    if (!answer.problem().empty())
        throw core::input_error(fmt::format("{} broke off with {}", where, client::printable(answer.problem(), 300)),
                                "a whole answer", "see to the server, then scale choose again");
    const Timing& timing = answer.timing();
    if (timing.pieces == 0)
        throw core::input_error(where + " does not stream: no event of its answer brings a token",
                                "server-sent events, which \"stream\": true asks for",
                                "turn streaming on at the server");
    if (timing.prompt_tokens <= 0 || timing.completion_tokens <= 0)
        throw core::input_error(where + " does not say how many tokens a request took",
                                "\"usage\" in the last event, which stream_options asks for",
                                "a server that gives it, as vLLM, SGLang and llama-server do");
    return timing;
}

Api find_api(const client::ModelServer& server) {
    std::optional<core::Error> first;
    for (const Api api : {Api::completions, Api::chat}) {
        const client::HttpAnswer answer =
            client::call_http(server.call(path_of(api), body_of(server, api, {"Hello", 1})));
        if (answer.status == 200) return api;
        const core::Error error = refusal(server, path_of(api), answer);
        if (answer.status != 404 && answer.status != 405 && answer.status != 501) throw error;
        if (!first) first = error;
    }
    throw *first;
}

}  // namespace scale::choice

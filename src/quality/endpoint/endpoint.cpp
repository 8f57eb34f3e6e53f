#include "quality/endpoint/endpoint.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/error.h"
#include "quality/endpoint/http_post.h"
#include "quality/written_answers.h"

namespace scale::quality {
namespace {

constexpr std::size_t at_once = 4;
constexpr int tries = 4;
constexpr std::chrono::milliseconds first_pause{500};  // doubled after each try
constexpr std::size_t words_shown = 300;               // bytes of a server's error

std::string base_of(std::string url) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.ends_with("/v1")) url += "/v1";
    return url;
}

std::string key_of(const std::string& variable) {
    if (variable.empty()) return {};
    const char* value = std::getenv(variable.c_str());
    if (!value || *value == '\0')
        throw core::input_error("the environment variable " + variable + " is not set", "the server's API key in it",
                                "set it, or take key_variable out of [quality] in scale.toml");
    return value;
}

bool worth_another_try(const HttpAnswer& answer) {
    return answer.status == 0 || answer.status == 429 || (answer.status >= 502 && answer.status <= 504);
}

std::string words_of(const HttpAnswer& answer) {
    if (answer.status == 0) return answer.problem;
    return fmt::format("status {}: {}", answer.status, answer.body.substr(0, words_shown));
}

}  // namespace

Endpoint::Endpoint(const EndpointSettings& settings)
    : base_(base_of(settings.url)), key_(key_of(settings.key_variable)) {
    const HttpAnswer answer = call_http({base_ + "/models", "", key_, 30});
    const char* next = "start the server, or correct original_url and candidate_url in [quality] of scale.toml";
    if (answer.status != 200)
        throw core::input_error(fmt::format("{}/models gave {}", base_, words_of(answer)), "a list of models", next);
    std::vector<std::string> names;
    const core::Json list = core::parse_json(answer.body, base_ + "/models");
    for (const core::Json& entry : list.value("data", core::Json::array()))
        names.push_back(core::required<std::string>(entry, "id", base_ + "/models"));
    if (names.empty()) throw core::input_error(base_ + " lists no model", "one model at least", next);
    model_ = settings.model.empty() ? names.front() : settings.model;
    if (std::find(names.begin(), names.end(), model_) == names.end())
        throw core::input_error(fmt::format("{} does not list the model {}", base_, model_),
                                fmt::format("one of {}", fmt::join(names, ", ")), next);
}

core::Json Endpoint::post(const std::string& path, const core::Json& body) const {
    HttpAnswer answer;
    auto pause = first_pause;
    for (int attempt = 0; attempt < tries; ++attempt, pause *= 2) {
        if (attempt > 0) std::this_thread::sleep_for(pause);
        answer = call_http({base_ + path, core::canonical(body), key_});
        if (!worth_another_try(answer)) break;
    }
    if (answer.status != 200)
        throw core::io_error(fmt::format("{}{} gave {}", base_, path, words_of(answer)), "an answer to the item",
                             "see to the server, then scale lock goes on where it was");
    return core::parse_json(answer.body, base_ + path);
}

Answer Endpoint::ask(const Item& item) const {
    core::Json body{{"model", model_}, {"max_tokens", item.answer_tokens}, {"temperature", 0}};
    const char* path = item.chat ? "/chat/completions" : "/completions";
    if (item.chat)
        body["messages"] = {{{"role", "user"}, {"content", item.prompt}}};
    else
        body["prompt"] = item.prompt;
    const core::Json answer = post(path, body);
    const std::string source = base_ + path;
    const auto choices = core::required<core::Json>(answer, "choices", source);
    if (!choices.is_array() || choices.empty()) throw core::io_error(source + " sent no choice");
    const core::Json& choice = choices[0];
    std::string text;
    // A message may lack its content or have null there, as where all that was written is reasoning.
    const core::Json holder = item.chat ? core::required<core::Json>(choice, "message", source) : choice;
    if (const auto found = holder.find(item.chat ? "content" : "text"); found != holder.end() && found->is_string())
        text = found->get<std::string>();
    int tokens = 0;
    if (const auto usage = answer.find("usage"); usage != answer.end() && usage->is_object())
        tokens = usage->value("completion_tokens", 0);
    const auto reason = choice.find("finish_reason");
    return judge_written(item, text, tokens, reason != choice.end() && *reason == "length");
}

std::vector<Answer> Endpoint::write_answers(std::span<const Item* const> items) const {
    std::vector<Answer> answers(items.size());
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr failure;
    std::mutex lock;
    const auto work = [&] {
        try {
            for (std::size_t i = next++; i < items.size() && !failed; i = next++) answers[i] = ask(*items[i]);
        } catch (...) {
            const std::lock_guard guard(lock);
            if (!failed.exchange(true)) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < std::min(at_once, items.size()); ++i) others.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
    return answers;
}

}  // namespace scale::quality

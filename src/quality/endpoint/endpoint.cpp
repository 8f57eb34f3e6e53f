#include "quality/endpoint/endpoint.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "client/http_call.h"
#include "core/error.h"
#include "quality/written_answers.h"

namespace scale::quality {
namespace {

constexpr std::size_t at_once = 4;
constexpr int tries = 4;
constexpr std::chrono::milliseconds first_pause{500};  // doubled after each try

const client::ServerAdvice advice{"correct original_url and candidate_url in [quality] of scale.toml",
                                  "take key_variable out of [quality] in scale.toml"};

bool worth_another_try(const client::HttpAnswer& answer) {
    return answer.status == 0 || answer.status == 429 || (answer.status >= 502 && answer.status <= 504);
}

}  // namespace

Endpoint::Endpoint(const client::ServerSettings& settings) : server_(settings, advice) {}

core::Json Endpoint::post(const std::string& path, const core::Json& body) const {
    client::HttpAnswer answer;
    auto pause = first_pause;
    for (int attempt = 0; attempt < tries; ++attempt, pause *= 2) {
        if (attempt > 0) std::this_thread::sleep_for(pause);
        answer = client::call_http(server_.call(path, body));
        if (!worth_another_try(answer)) break;
    }
    if (answer.status != 200)
        throw core::io_error(fmt::format("{}{} gave {}", server_.address(), path, client::words_of(answer)),
                             "an answer to the item", "see to the server, then scale lock goes on where it was");
    return core::parse_json(answer.body, server_.address() + path);
}

Answer Endpoint::ask(const Item& item) const {
    core::Json body{{"model", server_.model()}, {"max_tokens", item.answer_tokens}, {"temperature", 0}};
    const char* path = item.chat ? "/chat/completions" : "/completions";
    if (item.chat)
        body["messages"] = {{{"role", "user"}, {"content", item.prompt}}};
    else
        body["prompt"] = item.prompt;
    const core::Json answer = post(path, body);
    const std::string source = server_.address() + path;
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

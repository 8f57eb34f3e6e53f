#include "quality/endpoint/endpoint.h"

#include "core/error.h"
#include "core/parallel.h"
#include "quality/endpoint/requests.h"
#include "quality/written_answers.h"

namespace scale::quality {
namespace {

constexpr int at_once = 4;

}  // namespace

Endpoint::Endpoint(const client::ServerSettings& settings) : server_(settings, server_advice) {}

Answer Endpoint::ask(const Item& item) const {
    core::Json body{{"model", server_.model()}, {"max_tokens", item.answer_tokens}, {"temperature", 0}};
    const char* path = item.chat ? "/chat/completions" : "/completions";
    if (item.chat)
        body["messages"] = {{{"role", "user"}, {"content", item.prompt}}};
    else
        body["prompt"] = item.prompt;
    const std::string source = server_.address() + path;
    const core::Json answer = core::parse_json(post(server_, path, body), source);
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
    core::run_tasks(static_cast<int>(items.size()), at_once, [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        answers[at] = ask(*items[at]);
    });
    return answers;
}

}  // namespace scale::quality

#include "choice/endpoint/load.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/parallel.h"
#include "engine/rounds.h"

namespace scale::choice {

namespace {

double median_of(const std::vector<Timing>& timings, double (*figure)(const Timing&)) {
    std::vector<double> values;
    for (const Timing& timing : timings) values.push_back(figure(timing));
    return engine::summarise_rounds(values).median;
}

Timing ask(const client::ModelServer& server, Api api, const Load& load, const Prompt& prompt,
           client::HttpConnection& connection) {
    const Timing timing = time_request(server, api, {prompt.text, load.completion_tokens}, connection);
    if (timing.completion_tokens == load.completion_tokens) return timing;
    throw core::input_error(
        fmt::format("{} ends an answer after {} tokens where {} were asked for", server.address(),
                    timing.completion_tokens, load.completion_tokens),
        "the workload's load, which needs \"ignore_eos\" and room in the server's context",
        "serve with a longer context, or by a server that takes ignore_eos (vLLM, SGLang, llama-server)");
}

}  // namespace

Timing ask_alone(const client::ModelServer& server, Api api, const Load& load, const Prompt& prompt) {
    client::HttpConnection connection;
    return ask(server, api, load, prompt, connection);
}

Loaded run_load(const client::ModelServer& server, Api api, const Load& load, std::span<const Prompt> prompts) {
    Loaded loaded;
    loaded.requests.resize(prompts.size());
    const auto start = std::chrono::steady_clock::now();
    core::run_tasks_of(static_cast<int>(prompts.size()), load.concurrency, [&] {
        const auto connection = std::make_shared<client::HttpConnection>();
        return [&, connection](int i) {
            loaded.requests[static_cast<std::size_t>(i)] =
                ask(server, api, load, prompts[static_cast<std::size_t>(i)], *connection);
        };
    });
    loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return loaded;
}

ServerRound run_round(const client::ModelServer& server, Api api, const Load& load, std::span<const Prompt> prompts) {
    const Timing alone = ask_alone(server, api, load, prompts.front());
    const Loaded loaded = run_load(server, api, load, prompts.subspan(1));
    ServerRound round;
    round.prefill = alone.prompt_tokens / std::max(alone.first_token, 1e-9);
    round.decode = 1 / std::max(alone.next_token(), 1e-9);
    round.first_token = median_of(loaded.requests, [](const Timing& timing) { return timing.first_token; });
    round.next_token = median_of(loaded.requests, [](const Timing& timing) { return timing.next_token(); });
    round.seconds_per_request = loaded.seconds_per_request();
    return round;
}

}  // namespace scale::choice

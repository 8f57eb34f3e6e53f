#include "choice/endpoint/server_trial.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "choice/conclude.h"
#include "choice/endpoint/load.h"
#include "choice/pairing.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/rounds.h"

namespace scale::choice {

namespace {

constexpr double seconds_per_round = 8;           // of the slowest server, about
constexpr int fewest_turns = 2, most_turns = 16;  // requests of each client in a round
constexpr int own_tokens = 2;                     // that a server may count more or fewer, at beginning and end
constexpr double least_next_token = 20e-6;        // seconds; what comes faster was held back and sent at once
constexpr std::uint64_t warm_seed = 1, first_seed = 2;

class ServerTrial {
  public:
    ServerTrial(const ServerTrialRequest& request, const std::vector<NamedServer>& servers)
        : request_(request),
          servers_(servers),
          load_{request.workload.concurrency, std::max(request.workload.completion_tokens, 1)},
          rounds_(servers.size()) {}

    void run() {
        for (const NamedServer& named : servers_) apis_.push_back(find_api(named.server));
        core::Progress progress("timing the servers");
        const double total = static_cast<double>(servers_.size()) * (request_.rounds + 1);
        double done = 0;
        const auto report = [&](std::size_t index) { progress.update(++done, total, servers_[index].candidate); };
        warm_up(report);
        for (int round = 0; round < request_.rounds; ++round) {
            const std::vector<Prompt> prompts =
                texts(1 + load_.concurrency * turns_, first_seed + static_cast<std::uint64_t>(round));
            for (std::size_t k = 0; k < servers_.size(); ++k) {
                const std::size_t i = (k + static_cast<std::size_t>(round)) % servers_.size();
                rounds_[i].push_back(run_round(servers_[i].server, apis_[i], load_, prompts));
                report(i);
            }
        }
    }

    std::string description() const {
        return fmt::format(
            "servers given, {} interleaved round{} of {} requests, {} at once, {} prompt and {} completion tokens, {}",
            request_.rounds, request_.rounds == 1 ? "" : "s", load_.concurrency * turns_, load_.concurrency,
            prompt_tokens_, load_.completion_tokens,
            std::all_of(apis_.begin(), apis_.end(), [](Api api) { return api == Api::completions; })
                ? "completions"
                : "chat where there are no completions");
    }

    record::Speed speed(std::size_t index) const {
        record::Speed speed;
        const auto& rounds = rounds_[index];
        speed.prefill = over(rounds, [](const ServerRound& round) { return round.prefill; });
        speed.decode = over(rounds, [](const ServerRound& round) { return round.decode; });
        speed.batch_decode = over(
            rounds, [&](const ServerRound& round) { return load_.concurrency / std::max(round.next_token, 1e-9); });
        speed.concurrency = load_.concurrency;
        speed.threads = 0;
        speed.rate = over(rounds, [](const ServerRound& round) { return 60 / round.seconds_per_request; });
        speed.requests_per_minute = speed.rate.median;
        speed.seconds_per_request = 60 / speed.rate.median;
        return speed;
    }

    record::Measured speedup(std::size_t index) const { return ratio(index, &ServerRound::seconds_per_request); }

    record::TrialServer entry(std::size_t index) const {
        const client::ModelServer& server = servers_[index].server;
        const auto& rounds = rounds_[index];
        return {servers_[index].candidate,
                server.address(),
                client::printable(server.model(), 200),
                server.software(),
                request_.rounds * load_.concurrency * turns_,
                over(rounds, [](const ServerRound& round) { return round.first_token; }),
                over(rounds, [](const ServerRound& round) { return round.next_token; }),
                ratio(index, &ServerRound::first_token),
                ratio(index, &ServerRound::next_token)};
    }

  private:
    template <typename Figure>
    static record::Measured over(const std::vector<ServerRound>& rounds, Figure figure) {
        std::vector<double> values;
        for (const ServerRound& round : rounds) values.push_back(figure(round));
        return engine::summarise_rounds(values);
    }

    record::Measured ratio(std::size_t index, double ServerRound::*figure) const {
        std::vector<double> original, own;
        for (const ServerRound& round : rounds_.front()) original.push_back(round.*figure);
        for (const ServerRound& round : rounds_[index]) own.push_back(round.*figure);
        return paired_speedup(original, own);
    }

    std::vector<Prompt> texts(int count, std::uint64_t seed) const {
        return make_prompts({request_.original.string(), count, std::max(request_.workload.prompt_tokens, 1), seed},
                            request_.log);
    }

    template <typename Report>
    void warm_up(const Report& report) {
        const std::vector<Prompt> prompts = texts(1 + load_.concurrency, warm_seed);
        prompt_tokens_ = prompts.front().tokens;
        double slowest = 0;
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            const Timing alone = ask_alone(servers_[i].server, apis_[i], load_, prompts.front());
            require_load(i, prompts.front(), alone);
            const auto under_load = std::span(prompts).subspan(1);
            slowest = std::max(slowest, run_load(servers_[i].server, apis_[i], load_, under_load).seconds);
            report(i);
        }
        turns_ = std::clamp(static_cast<int>(std::ceil(seconds_per_round / std::max(slowest, 1e-3))), fewest_turns,
                            most_turns);
    }

    void require_load(std::size_t index, const Prompt& prompt, const Timing& timing) {
        const std::string& where = servers_[index].server.address();
        if (load_.completion_tokens > 4 && timing.next_token() < least_next_token)
            throw core::input_error(where + " sends an answer at once when it has ended, and does not stream",
                                    "tokens as they are made", "take what buffers answers out of the way");
        const int longer = timing.prompt_tokens - prompt.tokens;
        // A chat's template adds tokens, the same ones at every server of the model.
        if (apis_[index] == Api::completions ? std::abs(longer) > own_tokens : longer < 0)
            throw core::input_error(
                fmt::format("{} counts {} tokens in a text of {} by the original's tokenizer: it serves another model",
                            where, timing.prompt_tokens, prompt.tokens),
                "the original, or a checkpoint of it", "correct the --endpoint of " + servers_[index].candidate);
        if (apis_[index] == apis_.front() && index > 0 && timing.prompt_tokens != first_count_)
            throw core::input_error(
                fmt::format("{} counts {} tokens in a text, and the original's server {}: they serve "
                            "different models or templates",
                            where, timing.prompt_tokens, first_count_),
                "the original and a checkpoint of it", "correct the --endpoint of " + servers_[index].candidate);
        if (index == 0) first_count_ = timing.prompt_tokens;
    }

    const ServerTrialRequest& request_;
    const std::vector<NamedServer>& servers_;
    Load load_;
    std::vector<Api> apis_;
    std::vector<std::vector<ServerRound>> rounds_;  // [server][round]
    int turns_ = fewest_turns;
    int prompt_tokens_ = 0;
    int first_count_ = 0;  // what the original's server counts in the first text
};

}  // namespace

void try_at_servers(const ServerTrialRequest& request, const std::vector<NamedServer>& servers,
                    record::DecisionAtServers& made) {
    record::Decision& decision = made.decision;
    ServerTrial trial(request, servers);
    trial.run();
    decision.trial = trial.description();
    decision.original_speed = trial.speed(0);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        made.servers.push_back(trial.entry(i));
        record::Candidate* candidate = find(decision.candidates, servers[i].candidate);
        if (!candidate) continue;
        candidate->trialled = true;
        candidate->speed = trial.speed(i);
        candidate->speedup = trial.speedup(i);
        candidate->speed_source = fmt::format("measured ({})", decision.trial);
    }
}

}  // namespace scale::choice

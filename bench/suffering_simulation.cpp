// Simulates the model's part of scale assemble --check on real requests: how often activation drift and shadow KL cry
// wolf on unchanged traffic, what they see of shifts, and what the rule makes of them together with the inputs.
//
// usage: bench_suffering MODEL DATA FOLDER [REQUESTS [WORLDS]]
//
// REQUESTS questions of banking77 are run once through the original and once through its Q4_K_S (calibrated on 128
// further questions), and 400 turns of SGD users and all of Self-Instruct beside them as another domain. A world
// deals the questions out: a calibration set of 128, whose channel maxima count; a held-out set of 256; a profile of
// the inputs, fitted on those and on half of the rest; the other half is where live traffic is drawn from, without
// replacement. So unchanged traffic is exchangeable with held-out traffic. One thread.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "calibration/drift/comparison.h"
#include "calibration/drift/live_run.h"
#include "calibration/drift/suffering.h"
#include "calibration/templated.h"
#include "core/file.h"
#include "core/random.h"
#include "engine/session.h"
#include "interval.h"
#include "model/token_set.h"
#include "quantize/statistics_job.h"
#include "quantize/write_job.h"
#include "traffic_files.h"

namespace {

using namespace scale;
namespace fs = std::filesystem;
using namespace calibration;

constexpr std::size_t set_size = 128, held_out_size = 256, live_size = 256, window = 600;
constexpr int context = 256;

struct Asked {
    std::string text;
    std::string group;
    int topic = -1;  // of banking77; −1 for another domain
    std::vector<engine::Token> tokens;
    Sighting sighting;
    double kl = 0;
    double seen = 0;
    std::vector<double> above;  // by world
};

Asked asked(const engine::Model& model, const std::string& text, const std::string& group, int topic) {
    Request request;
    request.messages.push_back({"user", text});
    IndexedRequest entry;
    entry.format = format_of(request);
    entry.script = script_of(text);
    entry.length = length_of(request);
    const core::Json item{{"messages", {{{"role", "user"}, {"content", text}}}}, {"prompt", ""}, {"answer", ""}};
    auto tokens = tokens_of(model, templated_text(model, item, context));
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(context)));
    return {text, group, topic, std::move(tokens), sighting_of(entry, group, request), 0, 0, {}};
}

struct Population {
    std::vector<Asked> all;
    std::size_t banking = 0;  // the first so many
    std::vector<model::TokenSequence> artefact_set;
};

Population read_population(const engine::Model& model, const fs::path& data, std::size_t count) {
    Population population;
    core::Random random(1, "population");
    std::map<std::string, int> topics;
    auto questions = bench::read_banking((data / "banking77/train.csv").string(), topics);
    random.shuffle(questions);
    for (std::size_t i = 0; i < std::min(count, questions.size() - set_size); ++i)
        population.all.push_back(asked(model, questions[i].text, fmt::format("b{}", i), questions[i].topic));
    population.banking = population.all.size();
    for (std::size_t i = questions.size() - set_size; i < questions.size(); ++i)
        population.artefact_set.push_back({"id", "", "", asked(model, questions[i].text, "", 0).tokens});
    std::vector<Asked> other;
    for (const auto& dialogue : bench::read_sgd((data / "sgd/test_dialogues_001.json").string()))
        for (const auto& turn : dialogue.turns)
            if (turn.user) other.push_back(asked(model, turn.text, "s" + dialogue.name, -1));
    other.resize(std::min<std::size_t>(other.size(), 400));
    for (const char* file : {"seed_tasks.jsonl", "user_oriented_instructions.jsonl"})
        for (const auto& line : bench::self_instruct_lines((data / "self_instruct" / file).string())) {
            const core::Json& body = line.contains("request") ? line.at("request") : line;
            other.push_back(asked(model, body.at("messages").at(0).at("content").get<std::string>(),
                                  fmt::format("i{}", other.size()), -1));
        }
    for (Asked& one : other) population.all.push_back(std::move(one));
    return population;
}

fs::path make_artefact(const fs::path& model, const fs::path& folder, const Population& population) {
    engine::QuietContext quiet;
    core::write_file_atomic(folder / "set.jsonl", model::to_json_lines(population.artefact_set));
    const std::string statistics = (folder / "statistics.bin").string(), target = (folder / "artefact.gguf").string();
    quantize::statistics_job({{"model", model.string()},
                              {"set", (folder / "set.jsonl").string()},
                              {"target", statistics},
                              {"fingerprint", "suffering"},
                              {"threads", 1},
                              {"every", 1000000}},
                             quiet);
    quantize::write_job({{"original", model.string()},
                         {"target", target},
                         {"mix", "Q4_K_S"},
                         {"types", core::Json::object()},
                         {"statistics", statistics},
                         {"threads", 1}},
                        quiet);
    return target;
}

struct World {
    std::vector<std::size_t> set, held_out, rest;
    TrafficProfile profile;
    std::map<std::size_t, Observation> observed;  // of `rest` and of other domains
    ChannelMaxima maxima;
};

std::vector<std::unique_ptr<World>> make_worlds(const Population& population, std::size_t count) {
    std::vector<std::unique_ptr<World>> worlds;
    for (std::size_t w = 0; w < count; ++w) {
        auto world = std::make_unique<World>();
        std::vector<std::size_t> order(population.banking);
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        core::Random random(w + 1, "world");
        random.shuffle(order);
        const auto middle = set_size + held_out_size + (order.size() - set_size - held_out_size) / 2;
        std::vector<Sighting> seen;
        for (std::size_t k = 0; k < order.size(); ++k) {
            const std::size_t i = order[k];
            if (k < set_size) world->set.push_back(i);
            if (k >= set_size && k < set_size + held_out_size) world->held_out.push_back(i);
            if (k < middle)
                seen.push_back(population.all[i].sighting);
            else
                world->rest.push_back(i);
        }
        world->profile = TrafficProfile::fit(seen, w + 1);
        for (const std::size_t i : world->rest) world->observed[i] = world->profile.observe(population.all[i].sighting);
        for (std::size_t i = population.banking; i < population.all.size(); ++i)
            world->observed[i] = world->profile.observe(population.all[i].sighting);
        worlds.push_back(std::move(world));
    }
    return worlds;
}

// One run of the original shows its inputs to every world.
class AllWorlds : public engine::InputObserver {
  public:
    explicit AllWorlds(const std::vector<std::unique_ptr<World>>& worlds) : worlds_(worlds) {}
    const World* only = nullptr;
    bool wants(const std::string&) override { return true; }
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same) override {
        for (const auto& world : worlds_)
            if (!only || only == world.get()) world->maxima.observe(weight, rows, columns, same);
    }

  private:
    const std::vector<std::unique_ptr<World>>& worlds_;
};

void run_models(const fs::path& model, const fs::path& artefact, Population& population,
                const std::vector<std::unique_ptr<World>>& worlds) {
    const engine::Model original(model);
    AllWorlds observer(worlds);
    engine::SessionOptions options;
    options.context = context;
    options.observer = &observer;
    engine::Session session(original, options);
    for (const auto& world : worlds) {
        observer.only = world.get();
        for (const std::size_t i : world->set) {
            const auto& tokens = population.all[i].tokens;
            session.logits(tokens, tokens.size(), [](std::size_t, std::span<const float>) {});
        }
        world->maxima.learn(false);
    }
    observer.only = nullptr;
    for (Asked& one : population.all) {
        for (const auto& world : worlds) world->maxima.reset_counts();
        session.logits(one.tokens, one.tokens.size(), [](std::size_t, std::span<const float>) {});
        for (const auto& world : worlds) one.above.push_back(world->maxima.above());
        one.seen = worlds.front()->maxima.seen();
    }
    LiveRun shadow(model, artefact, 1, context);
    for (Asked& one : population.all) one.kl = shadow.run(one.tokens).kl;
}

enum class Traffic { unchanged, topics, other_domain, half_other };

// Live requests of one check, in a random order.
std::vector<std::size_t> draw(const Population& population, const World& world, Traffic traffic, core::Random& random) {
    std::vector<std::size_t> rest = world.rest, other;
    random.shuffle(rest);
    for (std::size_t i = population.banking; i < population.all.size(); ++i) other.push_back(i);
    random.shuffle(other);
    std::vector<std::size_t> live;
    const auto take = [&](const std::vector<std::size_t>& from, std::size_t count, const auto& wanted) {
        for (const std::size_t i : from)
            if (count > 0 && wanted(i)) {
                live.push_back(i);
                --count;
            }
    };
    const auto any = [](std::size_t) { return true; };
    if (traffic == Traffic::other_domain) take(other, window, any);
    if (traffic == Traffic::half_other) take(other, window / 2, any);
    if (traffic == Traffic::topics) {  // 8 of 77 topics gain 20 points
        std::vector<int> numbers(77);
        for (int i = 0; i < 77; ++i) numbers[static_cast<std::size_t>(i)] = i;
        random.shuffle(numbers);
        const auto raised = [&](std::size_t i) {
            return std::find(numbers.begin(), numbers.begin() + 8, population.all[i].topic) != numbers.begin() + 8;
        };
        take(rest, window * 30 / 100, raised);
        take(rest, window - live.size(), [&](std::size_t i) { return !raised(i); });
    } else {
        take(rest, window - live.size(), any);
    }
    random.shuffle(live);
    return live;
}

std::vector<Sufferer> sufferers(const Population& population, const std::vector<std::size_t>& requests, std::size_t w,
                                std::size_t limit) {
    std::map<std::string, int> numbers;
    std::vector<Sufferer> all;
    for (std::size_t k = 0; k < std::min(limit, requests.size()); ++k) {
        const Asked& one = population.all[requests[k]];
        const int number = numbers.emplace(one.group, static_cast<int>(numbers.size())).first->second;
        all.push_back({number, {one.above[w], one.seen, one.kl, static_cast<double>(one.tokens.size())}});
    }
    return all;
}

struct Tally {
    int checks = 0, inputs = 0, activation = 0, kl = 0, refresh = 0, look = 0, significant = 0;
    double activation_rise = 0, kl_rise = 0;
};

void add_check(const Population& population, const World& world, std::size_t w, Traffic traffic, bool with_inputs,
               core::Random& random, Tally& tally) {
    const auto live = draw(population, world, traffic, random);
    record::TrafficCheck check;
    check.verdict = "keep";
    if (with_inputs) {
        std::vector<Observation> now;
        for (const std::size_t i : live) now.push_back(world.observed.at(i));
        check = compare_traffic(world.profile, now,
                                {.alpha = check_alpha * part_of_inputs, .permutations = 1999, .seed = random.next()});
    }
    const bool inputs = check.verdict == "refresh";
    const auto tests = compare_suffering(sufferers(population, world.held_out, w, held_out_size),
                                         sufferers(population, live, w, live_size),
                                         {.alpha = check_alpha * part_of_suffering, .seed = random.next()});
    conclude_with_model(check, tests);
    ++tally.checks;
    tally.inputs += inputs;
    tally.activation += tests[0].drifted;
    tally.kl += tests[1].drifted;
    for (const auto& test : tests) tally.significant += test.p <= check_alpha * part_of_suffering;
    tally.activation_rise += tests[0].effect;
    tally.kl_rise += tests[1].effect;
    tally.refresh += check.verdict == "refresh";
    tally.look += check.look;
}

void report(const char* name, const Population& population, const std::vector<std::unique_ptr<World>>& worlds,
            Traffic traffic, bool with_inputs, int per_world) {
    Tally tally;
    for (std::size_t w = 0; w < worlds.size(); ++w)
        for (int i = 0; i < per_world; ++i) {
            core::Random random(w * 100000 + static_cast<std::uint64_t>(i), name);
            add_check(population, *worlds[w], w, traffic, with_inputs, random, tally);
        }
    const auto share = [&](int hits) { return bench::rate_with_interval(hits, tally.checks, 2); };
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:+.1f} % | {:+.1f} % |\n", name, tally.checks,
               with_inputs ? share(tally.inputs) : "not run", share(tally.activation), share(tally.kl),
               with_inputs ? share(tally.refresh) : "–", share(tally.look), 100 * tally.activation_rise / tally.checks,
               100 * tally.kl_rise / tally.checks);
    if (traffic == Traffic::unchanged)
        fmt::print("|  significant at its part of alpha, of any size: {} of {} tests |\n", tally.significant,
                   2 * tally.checks);
    std::fflush(stdout);
}

void run(const fs::path& model, const fs::path& data, const fs::path& folder, std::size_t requests,
         std::size_t world_count) {
    fs::create_directories(folder);
    Population population;
    {
        const engine::Model original(model);
        population = read_population(original, data, requests);
    }
    const fs::path artefact = make_artefact(model, folder, population);
    const auto worlds = make_worlds(population, world_count);
    run_models(model, artefact, population, worlds);
    fmt::print("{} questions of banking77, {} requests of other domains, {} worlds\n\n", population.banking,
               population.all.size() - population.banking, worlds.size());
    fmt::print(
        "| live traffic | checks | inputs drift | activation drifts | shadow KL drifts | refresh | look | activation, "
        "mean rise | KL, mean rise |\n|---|---|---|---|---|---|---|---|---|\n");
    report("unchanged, models alone", population, worlds, Traffic::unchanged, false, 200);
    report("unchanged", population, worlds, Traffic::unchanged, true, 10);
    report("20 points among banking's topics", population, worlds, Traffic::topics, true, 5);
    report("half of another domain", population, worlds, Traffic::half_other, true, 5);
    report("another domain", population, worlds, Traffic::other_domain, true, 5);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        std::fputs("usage: bench_suffering MODEL DATA FOLDER [REQUESTS [WORLDS]]\n", stderr);
        return 2;
    }
    try {
        run(arguments[1], arguments[2], arguments[3], count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 4000,
            count > 5 ? std::strtoull(arguments[5], nullptr, 10) : 10);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_suffering: %s\n", error.what());
        return 1;
    }
    return 0;
}

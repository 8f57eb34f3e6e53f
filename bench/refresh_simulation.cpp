// Simulates scale assemble --check on real requests: how often it cries wolf on unchanged traffic, and how often it
// finds a shift of topics.
//
//   bench_refresh BANKING77_TRAIN.csv BANKING77_TEST.csv [SGD_DIALOGUES.json…]
//
// banking77: 13,083 customer questions of 77 labelled topics, each a conversation of its own. SGD: dialogues of many
// turns, each turn of the user a request. A profile is fitted on a random half of the requests; checks draw from the
// other half without replacement, so that unchanged traffic is exchangeable with what the profile saw. A shift of d
// points raises the share of a random group of topics by d percentage points at the cost of the others.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "calibration/drift/comparison.h"
#include "core/random.h"
#include "interval.h"
#include "traffic_files.h"

namespace {

using namespace scale;
using calibration::Observation;
using calibration::Sighting;
using calibration::TrafficProfile;

struct Labelled {
    Sighting sighting;
    int topic = 0;
};

Sighting sighting_of_text(const std::string& text, const std::string& group) {
    calibration::Request request;
    request.messages.push_back({"user", text});
    calibration::IndexedRequest entry;
    entry.format = calibration::format_of(request);
    entry.script = calibration::script_of(text);
    entry.length = calibration::length_of(request);
    return calibration::sighting_of(entry, group, request);
}

void add_banking(const std::string& path, std::map<std::string, int>& topics, std::vector<Labelled>& all) {
    for (const bench::BankingQuestion& question : bench::read_banking(path, topics))
        all.push_back({sighting_of_text(question.text, fmt::format("b{}", all.size())), question.topic});
}

void add_sgd(const std::string& path, std::vector<Labelled>& all) {
    for (const bench::SgdDialogue& dialogue : bench::read_sgd(path))
        for (const bench::SgdTurn& turn : dialogue.turns)
            if (turn.user) all.push_back({sighting_of_text(turn.text, path + dialogue.name), -1});
}

// Whole conversations in a random order.
std::vector<std::vector<const Labelled*>> shuffled_groups(const std::vector<Labelled>& all, core::Random& random) {
    std::map<std::string, std::vector<const Labelled*>> by_group;
    for (const Labelled& one : all) by_group[one.sighting.group].push_back(&one);
    std::vector<std::vector<const Labelled*>> groups;
    for (auto& [name, members] : by_group) groups.push_back(std::move(members));
    random.shuffle(groups);
    return groups;
}

struct World {
    TrafficProfile profile;
    std::vector<std::vector<Observation>> rest;  // conversations that the profile has not seen
    std::vector<int> topic;                      // of each
};

World make_world(const std::vector<Labelled>& all, std::uint64_t seed) {
    core::Random random(seed, "world");
    const auto groups = shuffled_groups(all, random);
    std::vector<Sighting> seen;
    World world;
    std::size_t at = 0;
    for (; at < groups.size() && seen.size() < all.size() / 2; ++at)
        for (const Labelled* one : groups[at]) seen.push_back(one->sighting);
    world.profile = TrafficProfile::fit(seen, seed);
    for (; at < groups.size(); ++at) {
        std::vector<Observation> observations;
        for (const Labelled* one : groups[at]) observations.push_back(world.profile.observe(one->sighting));
        world.rest.push_back(std::move(observations));
        world.topic.push_back(groups[at].front()->topic);
    }
    return world;
}

struct Shift {
    double points = 0;
    int topics = 0;  // how many topics gain them
};

// About `count` requests; the share of a random group of topics is raised.
std::vector<Observation> draw(const World& world, std::size_t count, const Shift& shift, core::Random& random) {
    const double points = shift.points;
    std::vector<std::size_t> order(world.rest.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random.shuffle(order);
    std::vector<bool> raised(128);
    std::vector<std::size_t> numbers(77);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    random.shuffle(numbers);
    for (int i = 0; i < shift.topics; ++i) raised[numbers[static_cast<std::size_t>(i)]] = true;
    const auto is_raised = [&](std::size_t i) {
        return world.topic[i] >= 0 && raised[static_cast<std::size_t>(world.topic[i])];
    };
    double share = 0;
    double all = 0;
    for (const std::size_t i : order) {
        const double size = static_cast<double>(world.rest[i].size());
        all += size;
        share += is_raised(i) ? size : 0;
    }
    share /= all;
    const auto wanted = static_cast<std::size_t>(std::llround((share + points / 100) * static_cast<double>(count)));
    std::vector<Observation> drawn;
    const auto take = [&](bool which, std::size_t limit) {
        std::size_t taken = 0;
        for (const std::size_t i : order) {
            if (taken >= limit) return;
            if (points > 0 && is_raised(i) != which) continue;
            drawn.insert(drawn.end(), world.rest[i].begin(), world.rest[i].end());
            taken += world.rest[i].size();
        }
    };
    if (points > 0) take(true, wanted);
    take(false, count - std::min(count, drawn.size()));
    return drawn;
}

struct Result {
    int checks = 0;
    int refreshes = 0;
    std::map<std::string, int> by_test;
};

Result simulate(const std::vector<World>& worlds, std::size_t count, const Shift& shift, int per_world) {
    Result result;
    for (std::size_t w = 0; w < worlds.size(); ++w)
        for (int i = 0; i < per_world; ++i) {
            core::Random random(w * 1000 + static_cast<std::uint64_t>(i),
                                fmt::format("draw {} {}", count, shift.points));
            calibration::ComparisonOptions options;
            options.seed = random.next();
            const auto check =
                calibration::compare_traffic(worlds[w].profile, draw(worlds[w], count, shift, random), options);
            ++result.checks;
            result.refreshes += check.verdict == "refresh" ? 1 : 0;
            for (const auto& test : check.tests) result.by_test[test.name] += test.drifted ? 1 : 0;
        }
    return result;
}

void report(const std::string& population, const std::vector<World>& worlds, std::size_t count, const Shift& shift,
            int per_world) {
    const Result result = simulate(worlds, count, shift, per_world);
    std::string tests;
    for (const auto& [name, hits] : result.by_test)
        if (hits > 0) tests += fmt::format("{}{} {}", tests.empty() ? "" : ", ", name, hits);
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} |\n", population, count, shift.points, shift.topics,
               result.checks, result.refreshes, bench::rate_with_interval(result.refreshes, result.checks, 2), tests);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        fmt::print(stderr, "bench_refresh BANKING77_TRAIN.csv BANKING77_TEST.csv [SGD_DIALOGUES.json…]\n");
        return 2;
    }
    std::map<std::string, int> topics;
    std::vector<Labelled> banking;
    add_banking(argv[1], topics, banking);
    add_banking(argv[2], topics, banking);
    std::vector<Labelled> mixed = banking;
    for (int i = 3; i < argc; ++i) add_sgd(argv[i], mixed);
    fmt::print("{} requests of {} topics; with dialogues {} requests\n\n", banking.size(), topics.size(), mixed.size());
    fmt::print(
        "| traffic | requests | shift, points | topics that gain | checks | refresh | share | tests that drifted "
        "|\n|---|---|---|---|---|---|---|---|\n");
    std::vector<World> worlds;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) worlds.push_back(make_world(banking, seed));
    for (const std::size_t count : {500, 2000}) report("banking77", worlds, count, {}, 20);
    for (const std::size_t count : {500, 2000})
        for (const int gaining : {8, 15})
            for (const double points : {5.0, 10.0, 20.0}) report("banking77", worlds, count, {points, gaining}, 4);
    if (mixed.size() == banking.size()) return 0;
    worlds.clear();
    for (std::uint64_t seed = 1; seed <= 25; ++seed) worlds.push_back(make_world(mixed, seed));
    report("banking77 + SGD", worlds, 2000, {}, 40);
    for (const double points : {10.0, 20.0}) report("banking77 + SGD", worlds, 2000, {points, 8}, 8);
    return 0;
}

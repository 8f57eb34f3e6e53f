// How often does the rollout roll back a harmless candidate, and how soon a harmful one?
//
// Simulated traffic: sticky users with unequal activity, a share that ramps, a base rate of bad events that rises while
// it does, evidence looked at after every event. The program feeds the product's own EventTest with the first event of
// each user, and on the same streams the two rules that teams use in its place: a comparison of pooled totals (z test,
// looked at after every 100 requests) and the same test fed with every event instead of every user's first.
//
//   bench_rollout [runs] [requests]     prints a table in Markdown
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/random.h"
#include "interval.h"
#include "rollout/assignment/assigner.h"
#include "rollout/evidence/event_test.h"

namespace {

using namespace scale;
using namespace scale::rollout;

constexpr double alpha = 0.05;

struct Scenario {
    std::string name;
    double ratio = 1;    // candidate's rate of bad events over the original's
    double base = 0.02;  // per request, at the start
    double drift = 1;    // base rate at the end over that at the start
    bool ramp = true;    // 1 → 5 → 10 → 25 → 50 % at fifths of the run; otherwise 10 %
    bool prone = false;  // a fiftieth of the users has 25 times the rate of the others
};

struct Outcome {
    bool stopped = false;
    std::uint64_t bad_events = 0;          // of all arms until the stop
    std::uint64_t candidate_requests = 0;  // until the stop
};

struct Run {
    Outcome first_events;  // the product's rule
    Outcome all_events;    // the same test, fed per request
    Outcome pooled;        // z test of the totals
};

double share_at(const Scenario& scenario, double progress) {
    if (!scenario.ramp) return 0.10;
    constexpr double steps[] = {0.01, 0.05, 0.10, 0.25, 0.50};
    return steps[std::min(4, static_cast<int>(progress * 5))];
}

// One-sided z test of two proportions on the totals so far, at the 5 % level.
bool pooled_alarm(const double requests[2], const double events[2]) {
    if (requests[0] < 30 || requests[1] < 30) return false;
    const double rate = (events[0] + events[1]) / (requests[0] + requests[1]);
    const double error = std::sqrt(rate * (1 - rate) * (1 / requests[0] + 1 / requests[1]));
    return error > 0 && (events[1] / requests[1] - events[0] / requests[0]) / error > 1.6448536;
}

Run simulate(const Scenario& scenario, int requests, std::uint64_t seed) {
    core::Random random(seed, scenario.name);
    const int users = requests / 8;
    std::vector<double> position(static_cast<std::size_t>(users));
    std::vector<bool> had_event(static_cast<std::size_t>(users));
    for (auto& place : position) place = random.uniform();
    EventTest per_user(TestDirection::harm, 1), per_request(TestDirection::harm, 1);
    double total[2] = {}, bad[2] = {};
    Run run;
    for (int i = 0; i < requests; ++i) {
        const double progress = static_cast<double>(i) / requests;
        const double share = share_at(scenario, progress);
        // Squaring makes some users many times as active as others.
        const double draw = random.uniform();
        const auto user = static_cast<std::size_t>(draw * draw * users);
        const bool candidate = position[user] < share;
        double rate = scenario.base * (1 + (scenario.drift - 1) * progress) * (candidate ? scenario.ratio : 1);
        if (scenario.prone) rate *= (user % 50 == 0 ? 25 : 1) / 1.48;
        const bool event = random.uniform() < rate;
        total[candidate] += 1;
        bad[candidate] += event;
        if (event) {
            if (!had_event[user]) per_user.add(candidate, share);
            had_event[user] = true;
            per_request.add(candidate, share);
        }
        const auto note = [&](Outcome& outcome, bool alarm) {
            if (outcome.stopped) return;
            outcome.bad_events += event;
            outcome.candidate_requests += candidate;
            outcome.stopped = alarm;
        };
        note(run.first_events, per_user.reached(alpha));
        note(run.all_events, per_request.reached(alpha));
        note(run.pooled, i % 100 == 99 && pooled_alarm(total, bad));
        if (run.first_events.stopped && run.all_events.stopped && run.pooled.stopped) break;
    }
    return run;
}

std::string median_of(std::vector<std::uint64_t> values) {
    if (values.empty()) return "–";
    std::sort(values.begin(), values.end());
    return std::to_string(values[values.size() / 2]);
}

void report(const Scenario& scenario, int runs, int requests) {
    int first = 0, all = 0, pooled = 0;
    std::vector<std::uint64_t> events, candidates;
    for (int i = 0; i < runs; ++i) {
        const Run run = simulate(scenario, requests, static_cast<std::uint64_t>(i) + 1);
        first += run.first_events.stopped;
        all += run.all_events.stopped;
        pooled += run.pooled.stopped;
        if (run.first_events.stopped) {
            events.push_back(run.first_events.bad_events);
            candidates.push_back(run.first_events.candidate_requests);
        }
    }
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", scenario.name, bench::rate_with_interval(first, runs),
               bench::rate_with_interval(all, runs), bench::rate_with_interval(pooled, runs), median_of(events),
               median_of(candidates));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::atoi(argv[1]) : 1000;
    const int requests = argc > 2 ? std::atoi(argv[2]) : 100'000;
    if (runs < 1 || requests < 1000) {
        fmt::print(stderr, "usage: bench_rollout [runs ≥ 1] [requests ≥ 1000]\n");
        return 2;
    }
    fmt::print("{} runs of {} requests from {} users; α = {}; seeds 1…{}\n\n", runs, requests, requests / 8, alpha,
               runs);
    fmt::print(
        "| traffic | rolled back: first event per user (ours) | same test, every event | pooled z test, every 100 "
        "requests | bad events to our stop, median | candidate requests, median |\n|---|---|---|---|---|---|\n");
    report({.name = "harmless, 10 % of the users", .ramp = false}, runs, requests);
    report({.name = "harmless, ramp 1 → 50 %"}, runs, requests);
    report({.name = "harmless, ramp, base rate rising 9 times", .base = 0.01, .drift = 9}, runs, requests);
    report({.name = "harmless, ramp, 2 % of the users have 25 times the rate", .prone = true}, runs, requests);
    report({.name = "harm ratio 2, 10 % of the users", .ratio = 2, .ramp = false}, runs, requests);
    report({.name = "harm ratio 3, 10 % of the users", .ratio = 3, .ramp = false}, runs, requests);
    report({.name = "harm ratio 2, ramp 1 → 50 %", .ratio = 2}, runs, requests);
    return 0;
}

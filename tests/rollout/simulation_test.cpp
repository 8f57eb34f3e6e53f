// A small, seeded version of bench/rollout_simulation.cpp: the harm test keeps its promise under everything that breaks
// a pooled comparison, and still finds harm.
#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "rollout/evidence/event_test.h"

namespace {

using namespace scale;
using namespace scale::rollout;

struct Found {
    int ours = 0;
    int pooled = 0;
};

// Sticky users, a ramp of 1 → 50 %, a base rate rising from 1 % to 9 %.
Found rolled_back(double ratio, int runs) {
    Found found;
    for (int seed = 0; seed < runs; ++seed) {
        core::Random random(static_cast<std::uint64_t>(seed) + 77);
        constexpr int requests = 20'000, users = 2'500;
        std::vector<double> position(users);
        std::vector<bool> had_event(users);
        for (auto& place : position) place = random.uniform();
        EventTest test(TestDirection::harm, 1);
        double total[2] = {}, bad[2] = {};
        bool pooled = false;
        for (int i = 0; i < requests; ++i) {
            constexpr double steps[] = {.01, .05, .1, .25, .5};
            const double share = steps[i * 5 / requests];
            const auto user = static_cast<std::size_t>(random.below(users));
            const bool candidate = position[user] < share;
            const bool event = random.uniform() < .01 * (1 + 8.0 * i / requests) * (candidate ? ratio : 1);
            total[candidate] += 1;
            bad[candidate] += event;
            if (event && !had_event[user]) {
                had_event[user] = true;
                test.add(candidate, share);
            }
            if (i % 100 != 99 || total[1] < 30) continue;
            const double rate = (bad[0] + bad[1]) / (total[0] + total[1]);
            const double error = std::sqrt(rate * (1 - rate) * (1 / total[0] + 1 / total[1]));
            pooled = pooled || (bad[1] / total[1] - bad[0] / total[0]) / error > 1.645;
        }
        found.ours += test.reached(.05);
        found.pooled += pooled;
    }
    return found;
}

TEST(Simulation, HarmlessCandidateUnderRampAndDrift) {
    const Found found = rolled_back(1, 200);
    // At a true rate of 5 %, more than 20 of 200 has probability 0.0015; the pooled rule fails nearly always.
    EXPECT_LE(found.ours, 20);
    EXPECT_GE(found.pooled, 150);
}

TEST(Simulation, HarmfulCandidateIsFound) {
    EXPECT_GE(rolled_back(3, 50).ours, 48);
}

}  // namespace

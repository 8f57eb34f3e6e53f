// Forecasts from facts written by hand: what they must follow, whatever the rates are.
#include "forecast/forecast.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace scale::forecast {
namespace {

constexpr std::uint64_t mib = 1 << 20;

record::Forecast step(const char* command, double seconds, std::uint64_t memory, std::uint64_t disk,
                      std::uint64_t kept) {
    record::Forecast made;
    made.command = command;
    made.seconds = seconds;
    made.memory = memory;
    made.disk = disk;
    made.kept = kept;
    return made;
}

Facts facts_of(std::uint64_t parameters, std::uint64_t layers) {
    Facts facts;
    facts.original.parameters = parameters;
    facts.original.file_bytes = facts.original.tensor_bytes = 2 * parameters;
    facts.original.layers = layers;
    facts.original.width = 1024;
    facts.original.feed_forward = 4096;
    facts.original.vocabulary = 32000;
    facts.serving_memory = 2 * parameters + 64 * mib;
    facts.threads = 4;
    facts.memory_available = 64 * 1024 * mib;
    facts.pace = {500, 50, 150, "as measured"};
    return facts;
}

const record::Lineage nothing = record::judge({});

TEST(Total, DiskIsTheMostAtOnceAndMemoryTheLargestStep) {
    const Total sum = total(
        {step("choose", 10, 500, 4000, 0), step("assemble", 5, 200, 50, 50), step("quantize", 20, 300, 900, 600)});
    EXPECT_DOUBLE_EQ(sum.seconds, 35);
    EXPECT_EQ(sum.memory, 500);
    EXPECT_EQ(sum.disk, 4000);
    EXPECT_EQ(sum.kept, 650);
    EXPECT_EQ(total({step("assemble", 1, 1, 50, 50), step("quantize", 1, 1, 900, 600)}).disk, 950);
}

TEST(RequireRoom, RefusesOnlyWhatPlainlyDoesNotFit) {
    const core::TemporaryFolder folder;
    require_room({step("quantize", 1, 1, 1024, 1024)}, folder.path());
    try {
        require_room({step("assemble", 1, 1, 1024, 0), step("quantize", 1, 1, std::uint64_t{1} << 60, 0)},
                     folder.path());
        FAIL() << "an exbibyte fits";
    } catch (const core::Error& error) {
        EXPECT_NE(error.found().find("scale quantize"), std::string::npos) << error.found();
        EXPECT_NE(error.found().find("estimated"), std::string::npos) << error.found();
    }
}

TEST(Forecast, GrowsWithTheModelTheRoundsAndTheItems) {
    Facts small = facts_of(100'000'000, 12), large = facts_of(400'000'000, 24);
    for (const char* command : {"set", "choose", "assemble", "quantize", "lock"}) {
        const record::Forecast of_small = forecast(command, small, nothing),
                               of_large = forecast(command, large, nothing);
        EXPECT_GT(of_large.memory, of_small.memory) << command;
        EXPECT_GE(of_large.seconds, of_small.seconds) << command;
        EXPECT_FALSE(of_small.seconds_how.empty()) << command;
    }
    Facts more = small;
    more.file.choice.trial_rounds = 9;
    EXPECT_GT(forecast("choose", more, nothing).seconds, forecast("choose", small, nothing).seconds);
    more = small;
    more.file.budget.items *= 4;
    EXPECT_GT(forecast("lock", more, nothing).seconds, 2 * forecast("lock", small, nothing).seconds);
}

TEST(Forecast, ATrialOfALargeModelRunsAFewLayers) {
    const Facts whole = facts_of(700'000'000, 32), cut = facts_of(7'000'000'000, 32);
    EXPECT_LT(forecast("choose", cut, nothing).disk, 5 * forecast("choose", whole, nothing).disk);
}

TEST(Forecast, SettingsThatSaveWorkSaveTime) {
    const Facts usual = facts_of(100'000'000, 12);
    Facts stock = usual;
    stock.file.calibration.rounding = stock.file.calibration.allocation = "stock";
    EXPECT_LT(forecast("quantize", stock, nothing).seconds, forecast("quantize", usual, nothing).seconds);
    EXPECT_LT(forecast("quantize", stock, nothing).disk, forecast("quantize", usual, nothing).disk);
    Facts eight_bits = usual;
    eight_bits.file.choice.type = "Q8_0";
    EXPECT_LT(forecast("quantize", eight_bits, nothing).seconds, forecast("quantize", usual, nothing).seconds);
    EXPECT_GT(forecast("quantize", eight_bits, nothing).kept, forecast("quantize", usual, nothing).kept);
}

TEST(Forecast, WhatTheRecordSawOnTheSameModelCounts) {
    const core::TemporaryFolder folder;
    record::Store store(folder.path());
    record::Constraint constraint;
    constraint.fingerprint.model_sha256 = "a";
    const record::Entry set = store.append({record::Stage::constraint, record::kind::constraint, {}, constraint});
    record::Decision decision;
    decision.took = {77, 5 * mib, 3 * mib};
    store.append({record::Stage::choice, record::kind::decision, {set.hash}, decision});
    Facts facts = facts_of(100'000'000, 12);
    facts.constraint = constraint;
    const record::Forecast as_before = forecast("choose", facts, record::judge(store.read()));
    EXPECT_DOUBLE_EQ(as_before.seconds, 77);
    EXPECT_EQ(as_before.memory, 5 * mib);
    EXPECT_EQ(as_before.seconds_how, "entry 2 took it");

    constraint.fingerprint.model_sha256 = "b";
    store.append({record::Stage::constraint, record::kind::constraint, {}, constraint});
    facts.constraint = constraint;
    EXPECT_NE(forecast("choose", facts, record::judge(store.read())).seconds_how, "entry 2 took it");
}

}  // namespace
}  // namespace scale::forecast

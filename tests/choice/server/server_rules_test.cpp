#include "choice/server/server_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "choice/candidates.h"
#include "choice/server/kernels.h"
#include "record/pass_file.h"

namespace scale::choice {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;

std::vector<record::Candidate> all_candidates() {
    std::vector<record::Candidate> candidates;
    for (const CandidateType& type : candidate_types()) {
        record::Candidate& candidate = candidates.emplace_back(unsized_candidate(type));
        candidate.bytes = static_cast<std::uint64_t>(1000 * type.stored_bits) * mib / 8;
        candidate.memory.weights = candidate.bytes;
    }
    return candidates;
}

Situation on(const std::string& kind, int concurrency = 1) {
    Situation situation;
    situation.target = "vllm";
    situation.constraint.kind = kind;
    situation.constraint.target = core::Json::object();
    situation.constraint.workload.concurrency = concurrency;
    return situation;
}

const record::Candidate& named(const Outcome& outcome, const std::string& name) {
    for (const record::Candidate& candidate : outcome.candidates)
        if (candidate.name == name) return candidate;
    throw std::out_of_range(name);
}

TEST(ServerRules, FourBitsByDefault) {
    for (const char* hardware : {"turing", "ampere", "ada", "hopper", "blackwell", "amd", "x86-avx512"}) {
        const Outcome outcome = decide_for_server(on("memory"), hardware, all_candidates());
        EXPECT_EQ(outcome.type, "GPTQ-4bit-g128") << hardware;
        EXPECT_EQ(outcome.rule, rule::default_4_bit);
        EXPECT_THAT(outcome.reason, HasSubstr("(documented)"));
    }
}

TEST(ServerRules, IntegersWhereComputeIsTheBottleneck) {
    const int bound = compute_bound_from("ampere");
    EXPECT_EQ(bound, 39);
    EXPECT_EQ(decide_for_server(on("throughput", bound), "ampere", all_candidates()).type, "W8A8-INT8");
    EXPECT_EQ(decide_for_server(on("cost", bound), "ampere", all_candidates()).rule, rule::int8_throughput);
    EXPECT_EQ(decide_for_server(on("throughput", bound - 1), "ampere", all_candidates()).type, "GPTQ-4bit-g128");
    EXPECT_EQ(decide_for_server(on("throughput", bound), "hopper", all_candidates()).type, "GPTQ-4bit-g128");
    EXPECT_EQ(decide_for_server(on("throughput", 1), "x86-avx512", all_candidates()).type, "W8A8-INT8");
    EXPECT_EQ(decide_for_server(on("memory", 200), "ampere", all_candidates()).type, "GPTQ-4bit-g128");
}

TEST(ServerRules, IntegersNotWhereTheirKernelsAreKnownToBeSlowOrToFail) {
    EXPECT_EQ(decide_for_server(on("throughput", 200), "ada", all_candidates()).type, "GPTQ-4bit-g128");
    const Outcome blackwell = decide_for_server(on("throughput", 200), "blackwell", all_candidates());
    EXPECT_EQ(blackwell.type, "GPTQ-4bit-g128");
    EXPECT_EQ(named(blackwell, "W8A8-INT8").rule, rule::kernel);
    EXPECT_THAT(named(blackwell, "W8A8-INT8").reason, HasSubstr("issue 54311"));
}

TEST(ServerRules, IntegersWhereQualityIsParamountOrNothingNarrowerRuns) {
    Situation paramount = on("memory");
    paramount.quality = "paramount";
    EXPECT_EQ(decide_for_server(paramount, "hopper", all_candidates()).rule, rule::int8_quality);
    const Outcome old_cpu = decide_for_server(on("memory"), "x86", all_candidates());
    EXPECT_EQ(old_cpu.type, "W8A8-INT8");
    EXPECT_EQ(old_cpu.rule, rule::wider);
    EXPECT_THAT(named(old_cpu, "GPTQ-4bit-g128").reason, HasSubstr("AVX-512"));
}

TEST(ServerRules, AStatedMemoryTakesOutWhatDoesNotFit) {
    Situation tight = on("memory");
    tight.quality = "paramount";
    tight.constraint.target["memory_mib"] = 700.0;
    const Outcome outcome = decide_for_server(tight, "hopper", all_candidates());
    EXPECT_EQ(outcome.type, "GPTQ-4bit-g128");
    EXPECT_EQ(named(outcome, "W8A8-INT8").rule, rule::memory);
    tight.constraint.target["memory_mib"] = 100.0;
    EXPECT_TRUE(decide_for_server(tight, "hopper", all_candidates()).refused());
}

TEST(ServerRules, APinYieldsToKernelsAndToWhatIsWritten) {
    Situation pinned = on("memory");
    pinned.pinned = "AWQ-4bit-g128";
    EXPECT_EQ(decide_for_server(pinned, "ampere", all_candidates()).type, "AWQ-4bit-g128");
    EXPECT_THAT(decide_for_server(pinned, "arm", all_candidates()).refusal.found, HasSubstr("does not run on arm"));
    pinned.pinned = "FP8";
    EXPECT_THAT(decide_for_server(pinned, "hopper", all_candidates()).refusal.found, HasSubstr("not written"));
    pinned.pinned = "Q4_K_M";
    EXPECT_TRUE(decide_for_server(pinned, "hopper", all_candidates()).refused());
}

// As the trial at servers leaves it.
void try_out(std::vector<record::Candidate>& candidates, const std::string& name, double rate, double speedup) {
    for (record::Candidate& candidate : candidates) {
        if (candidate.name != name) continue;
        candidate.trialled = true;
        candidate.speed.rate = {rate, rate, rate, 3};
        candidate.speedup = {speedup, speedup - 0.01, speedup + 0.01, 3};
        candidate.speed_source = "measured (servers given)";
    }
}

Situation needing(double rate) {
    Situation situation = on("throughput");
    situation.constraint.target["requests_per_minute"] = rate;
    return situation;
}

TEST(ServerRules, ATrialAtServersDecidesByWhatItMeasured) {
    auto candidates = all_candidates();
    try_out(candidates, "W8A8-INT8", 150, 1.5);
    try_out(candidates, "GPTQ-4bit-g128", 120, 1.2);
    const Outcome outcome = decide_at_servers(needing(110), candidates);
    EXPECT_EQ(outcome.type, "W8A8-INT8");
    EXPECT_EQ(outcome.rule, rule::int8_throughput);
    EXPECT_THAT(outcome.reason, HasSubstr("serves 150.0 requests/min (measured) where 110.0 are needed"));
    EXPECT_EQ(named(outcome, "AWQ-4bit-g128").rule, rule::untried);
    EXPECT_EQ(named(outcome, "Q4_K_M").rule, rule::target);
    for (const record::Candidate& candidate : outcome.candidates)
        if (candidate.chosen) {
            EXPECT_EQ(candidate.reason.find("documented"), std::string::npos);
        }
    EXPECT_EQ(decide_at_servers(needing(140), candidates).type, "W8A8-INT8");
    EXPECT_THAT(decide_at_servers(needing(1000), candidates).refusal.found, HasSubstr("meets the target"));
}

TEST(ServerRules, WhatIsMeasuredSlowerIsRefusedWhateverDocumentsSay) {
    auto candidates = all_candidates();
    try_out(candidates, "W8A8-INT8", 80, 0.8);
    EXPECT_THAT(decide_at_servers(needing(50), candidates).refusal.found, HasSubstr("at the servers given"));
    try_out(candidates, "GPTQ-4bit-g128", 120, 1.2);
    const Outcome outcome = decide_at_servers(needing(50), candidates);
    EXPECT_EQ(outcome.type, "GPTQ-4bit-g128");
    EXPECT_EQ(named(outcome, "W8A8-INT8").rule, rule::slower);
    EXPECT_THAT(outcome.reason, HasSubstr("is the fastest"));
    Situation pinned = needing(50);
    pinned.pinned = "W8A8-INT8";
    EXPECT_TRUE(decide_at_servers(pinned, candidates).refused());
}

TEST(ServerRules, MemoryOfAServerCountsOnlyWhereItIsStated) {
    auto candidates = all_candidates();
    try_out(candidates, "W8A8-INT8", 80, 0.8);
    Situation memory = on("memory");
    memory.machine_memory = 1;
    EXPECT_EQ(decide_at_servers(memory, candidates).type, "W8A8-INT8");
    memory.constraint.target["memory_mib"] = 100.0;
    EXPECT_THAT(decide_at_servers(memory, candidates).refusal.found, HasSubstr("fits"));
}

TEST(Kernels, EveryWrittenFormatHasAFactForEveryHardware) {
    for (const CandidateType& type : candidate_types())
        for (const std::string& hardware : record::vllm_hardware())
            if (!type.checkpoint.empty()) {
                EXPECT_FALSE(kernel_fact(type.name, hardware).text.empty()) << type.name << hardware;
            }
}

}  // namespace
}  // namespace scale::choice

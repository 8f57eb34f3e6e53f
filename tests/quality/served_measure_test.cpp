// Distributions and forced choices by servers: two of them play vLLM on the small real model, so that what is judged
// can be held to what the engine measures on the same files.
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "engine/job.h"
#include "quality/gate.h"
#include "support/measured_models.h"
#include "support/scoring_server.h"

namespace scale::quality {
namespace {

using test::rows_of;
using test::ScoringServer;
using testing::HasSubstr;

class ServedMeasureTest : public test::MeasuredModels {
  protected:
    MeasureRequest served(const std::filesystem::path& candidate, const ScoringServer& original_server,
                          const ScoringServer& candidate_server, int top_tokens) const {
        MeasureRequest wanted = request(candidate);
        wanted.items_per_suite = 4;
        wanted.kl_tokens = 120;
        wanted.served = true;
        wanted.top_tokens = top_tokens;
        wanted.original_server.url = original_server.url();
        wanted.candidate_server.url = candidate_server.url();
        return wanted;
    }

    Measurements measure_request(const MeasureRequest& wanted) const {
        engine::QuietContext quiet;
        return measure_job(wanted, quiet).get<Measurements>();
    }

    Measurements by_engine(const MeasureRequest& served) const {
        MeasureRequest wanted = served;
        wanted.served = false;
        wanted.original_server = wanted.candidate_server = {};
        wanted.checkpoint += ".engine";
        return measure_request(wanted);
    }

    record::ServedMeasurement agree(const MeasureRequest& wanted) const {
        engine::QuietContext quiet;
        return agreement_job(wanted, quiet).get<record::ServedMeasurement>();
    }
};

// Rows moved by normal noise of this size, the same for the same prompt.
test::Rows shaken(test::Rows rows, float size) {
    return [rows = std::move(rows), size](const test::Tokens& prompt) {
        auto moved = rows(prompt);
        std::mt19937 draw(static_cast<unsigned>(prompt.size()));
        std::normal_distribution<float> noise(0, size);
        for (auto& row : moved)
            for (float& logit : row) logit += noise(draw);
        return moved;
    };
}

TEST_F(ServedMeasureTest, TheWholeVocabularyGivesWhatTheEngineMeasures) {
    const auto file = candidate("Q4_0");
    const ScoringServer original(rows_of(original_.string())), other(rows_of(file.string()));
    const MeasureRequest wanted = served(file, original, other, 0);
    const Measurements served = measure_request(wanted), own = by_engine(wanted);
    EXPECT_EQ(served.known_tokens, 0);
    ASSERT_EQ(served.sequences.size(), own.sequences.size());
    for (std::size_t i = 0; i < own.sequences.size(); ++i) {
        const SequenceResult &a = served.sequences[i], &b = own.sequences[i];
        EXPECT_EQ(a.id, b.id);
        EXPECT_EQ(a.same_top, b.same_top);
        ASSERT_EQ(a.kl.size(), b.kl.size());
        for (std::size_t t = 0; t < a.kl.size(); ++t) EXPECT_NEAR(a.kl[t], b.kl[t], 1e-5);
        EXPECT_NEAR(a.original_nll, b.original_nll, 1e-3);
        EXPECT_NEAR(a.candidate_nll, b.candidate_nll, 1e-3);
        EXPECT_NEAR(a.squared_dp, b.squared_dp, 1e-5);
    }
    ASSERT_EQ(served.items.size(), 16u);
    for (std::size_t i = 0; i < own.items.size(); ++i) {
        EXPECT_EQ(served.items[i].id, own.items[i].id);
        ASSERT_EQ(served.items[i].original.size(), own.items[i].original.size());
        for (std::size_t o = 0; o < own.items[i].original.size(); ++o) {
            // Sums over an option's tokens, from passes of other sizes, which move a sum of 100 nats by 0.03.
            EXPECT_NEAR(served.items[i].original[o], own.items[i].original[o], 0.06);
            EXPECT_NEAR(served.items[i].candidate[o], own.items[i].candidate[o], 0.06);
        }
    }
    ASSERT_FALSE(served.worst.empty());
    EXPECT_EQ(served.worst[0].before + served.worst[0].token, own.worst[0].before + own.worst[0].token);
    EXPECT_THAT(served.scoring.at("reasoning"), HasSubstr("scored by the servers"));
}

// Few tokens a place: the divergence is below the true one and can fail a candidate; it can pass none.
TEST_F(ServedMeasureTest, ALowerBoundFailsOrSaysNothing) {
    const auto good = candidate("Q8_0"), bad = candidate("Q2_K");
    const ScoringServer original(rows_of(original_.string()), 20), eight(rows_of(good.string()), 20),
        two(rows_of(bad.string()), 20);
    const auto results = [&](const std::filesystem::path& file, const ScoringServer& server) {
        MeasureRequest wanted = served(file, original, server, 5);
        wanted.checkpoint += file.filename().string();
        wanted.kl_tokens = 400;
        const Measurements bound = measure_request(wanted), own = by_engine(wanted);
        EXPECT_EQ(bound.known_tokens, 5);
        double below = 0, whole = 0;
        for (std::size_t i = 0; i < own.sequences.size(); ++i)
            for (std::size_t t = 0; t < own.sequences[i].kl.size(); ++t) {
                EXPECT_LE(bound.sequences[i].kl[t], own.sequences[i].kl[t] + 1e-5);
                below += bound.sequences[i].kl[t];
                whole += own.sequences[i].kl[t];
            }
        EXPECT_GT(below, 0.2 * whole);
        std::map<std::string, std::string> of;
        record::Budget budget;
        budget.kl_p99 = 15 * budget.kl_mean;
        for (const auto& check : judge(budget, bound).checks) of[check.endpoint] = check.result;
        return of;
    };
    auto of_good = results(good, eight);
    EXPECT_EQ(of_good["kl_mean"], result::no_power);
    EXPECT_EQ(of_good["kl_p99"], result::no_power);
    EXPECT_EQ(of_good["perplexity_ratio"], result::pass);
    auto of_bad = results(bad, two);
    EXPECT_EQ(of_bad["kl_mean"], result::fail);
    EXPECT_EQ(of_bad["top1_agreement"], result::fail);
}

TEST_F(ServedMeasureTest, ServersAreHeldToTheEngine) {
    const auto file = candidate("Q4_0");
    const test::Rows rows = rows_of(original_.string()), others = rows_of(file.string());
    const ScoringServer original(rows), other(others);
    const record::ServedMeasurement found = agree(served(file, original, other, 20));
    EXPECT_LT(found.original_off, 1e-4);
    EXPECT_LT(found.candidate_off, 1e-4);
    EXPECT_GT(found.between, 0.01);
    EXPECT_GT(found.tokens, 100);
    EXPECT_FALSE(found.whole);
    EXPECT_EQ(found.original, original.url() + "/v1, model assistant, vllm 0.32.0");
    // Rounding of the size that 16 bits and INT8 activations show is no other model.
    const ScoringServer rounded(shaken(rows, 0.01F)), rounded_other(shaken(others, 0.03F));
    EXPECT_NEAR(agree(served(file, rounded, rounded_other, 20)).original_off, 0.008, 0.004);

    const auto refused = [&](const ScoringServer& a, const ScoringServer& b) {
        try {
            agree(served(file, a, b, 20));
            return std::string("nothing");
        } catch (const core::Error& error) {
            return std::string(error.what());
        }
    };
    EXPECT_THAT(refused(other, original), HasSubstr("gives other log probabilities than the engine on the original"));
    EXPECT_THAT(refused(original, original), HasSubstr("to the last digit"));
    EXPECT_THAT(refused(original, rounded), HasSubstr("is the original rather than the candidate"));

    // Weights so near to the original that they pass for its rounding are told by being nearer to the candidate.
    const auto near = candidate("Q8_0");
    const test::Rows near_rows = rows_of(near.string());
    const ScoringServer eight(near_rows), also_eight(shaken(near_rows, 0.001F));
    try {
        agree(served(near, also_eight, eight, 20));
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("is the candidate rather than the original"));
    }
}

TEST_F(ServedMeasureTest, AServerThatGivesFewerTokensIsNamedWithItsOption) {
    const ScoringServer few(rows_of(original_.string()), 5);
    try {
        measure_request(served(original_, few, few, 20));
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("greater than max allowed: 5"));
    }
}

// A model whose logits are not numbers: vLLM writes −9999 for all of them.
TEST_F(ServedMeasureTest, AModelThatComputesNothingIsRefused) {
    const ScoringServer sound(rows_of(original_.string()));
    const test::FakeServer broken([](int, const std::string& request) {
        if (request.starts_with("GET ")) return test::http("200 OK", R"({"data":[{"id":"m"}]})");
        const auto prompt =
            core::Json::parse(request.substr(request.find("\r\n\r\n") + 4)).at("prompt").get<test::Tokens>();
        std::string places = "null";
        for (std::size_t i = 1; i < prompt.size(); ++i) {
            places += ",{";
            for (int t = 0; t < 20; ++t)
                if (t != prompt[i]) places += fmt::format(R"("{}":{{"logprob":-9999.0}},)", t);
            places += fmt::format(R"("{}":{{"logprob":-9999.0}}}})", prompt[i]);
        }
        return test::http("200 OK", R"({"choices":[{"prompt_logprobs":[)" + places + "]}]}");
    });
    MeasureRequest wanted = served(original_, sound, sound, 20);
    wanted.candidate_server.url = broken.url;
    try {
        measure_request(wanted);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("a probability of 0 together"));
    }
}

// What was scored before an interruption is not asked for again.
TEST_F(ServedMeasureTest, ContinuesWhereAServerWentAway) {
    const auto file = candidate("Q4_0");
    const test::Rows rows = rows_of(original_.string());
    int left = 40;
    const ScoringServer original(rows), other(rows_of(file.string()));
    const test::FakeServer dying([&](int, const std::string& request) {
        if (request.starts_with("GET ")) return test::http("200 OK", R"({"data":[{"id":"m"}]})");
        if (left-- <= 0) return test::http("500 Internal Server Error", "engine died");
        const core::Json body = core::Json::parse(request.substr(request.find("\r\n\r\n") + 4));
        return test::http("200 OK", test::answer_text(rows, body.at("prompt").get<test::Tokens>(),
                                                      body.at("prompt_logprobs").get<int>()));
    });
    MeasureRequest wanted = served(file, original, other, 3);
    MeasureRequest interrupted = wanted;
    interrupted.original_server.url = dying.url;
    EXPECT_THROW(measure_request(interrupted), core::Error);
    const int before = other.scored();
    const Measurements resumed = measure_request(wanted);
    const int second = other.scored() - before;
    wanted.checkpoint += ".whole";
    const int start = other.scored();
    EXPECT_EQ(core::Json(measure_request(wanted)), core::Json(resumed));
    EXPECT_LT(second, other.scored() - start);
}

}  // namespace
}  // namespace scale::quality

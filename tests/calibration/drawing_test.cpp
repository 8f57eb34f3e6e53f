#include "calibration/drawing.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/random.h"

namespace scale::calibration {
namespace {

using testing::HasSubstr;

// A log of `count` distinct requests: two topics, every fifth one asks for JSON, each second line repeated by line 0.
std::string log_text(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        const std::string topic = i % 2 ? "refund of card payment" : "flight to the airport";
        const std::string asked =
            fmt::format("Question {} about the {}{}", core::sha256_hex(std::to_string(i)).substr(0, 12), topic,
                        i % 5 == 0 ? " as JSON" : "");
        text += core::canonical({{"messages", {{{"role", "user"}, {"content", asked}}}}}) + "\n";
    }
    return text + text.substr(0, text.find('\n') + 1) + "broken\n";
}

// Stands for the worker: a "token" a byte. Refuses requests that hold `refused`.
Job byte_tokenizer(const std::string& refused, int* calls) {
    return [refused, calls](const core::Json& request) {
        ++*calls;
        core::Json result{{"sequences", core::Json::array()}, {"refused", core::Json::array()}, {"has_template", true}};
        for (std::size_t i = 0; i < request["requests"].size(); ++i) {
            const core::Json& item = request["requests"][i];
            const std::string text = item["messages"][0]["content"];
            if (!refused.empty() && text.find(refused) != std::string::npos) {
                result["refused"].push_back({{"position", i}, {"reason", "no such role"}});
                continue;
            }
            std::vector<int> tokens;
            for (const char c : text + item["answer"].get<std::string>()) tokens.push_back(c);
            result["sequences"].push_back({{"position", i},
                                           {"id", item["id"]},
                                           {"stratum", item["stratum"]},
                                           {"text", text + item["answer"].get<std::string>()},
                                           {"tokens", tokens}});
        }
        return result;
    };
}

class DrawingTest : public testing::Test {
  protected:
    TrafficIndex read(const std::string& text, std::size_t kept = kept_limit) {
        core::write_file_atomic(log_, text);
        traffic_.emplace(open_source(log_, "auto"), Redactor(std::string(64, 'a')));
        IndexOptions options;
        options.kept = kept;
        return index_traffic(*traffic_, log_, options);
    }
    Drawing draw_from(TrafficIndex& index, const std::string& refused = "", const Job& answer = {}) {
        const Split split = split_requests(index, {0.25, 0.05, 1}, "log");
        return draw(index, *traffic_, split,
                    {200, 1, {64, byte_tokenizer(refused, &calls_), answer}, mode_, channels_});
    }
    core::TemporaryFolder folder_;
    core::fs::path log_ = folder_.path() / "traffic.jsonl";
    std::optional<Traffic> traffic_;
    int calls_ = 0;
    std::string mode_ = "off";
    Job channels_;
};

TEST_F(DrawingTest, IndexesDistinctRequestsWithTheirCounts) {
    const TrafficIndex index = read(log_text(400));
    EXPECT_EQ(index.reading.lines, 402u);
    EXPECT_EQ(index.requests, 401u);
    EXPECT_EQ(index.duplicates, 1u);
    EXPECT_EQ(index.distinct.size(), 400u);
    EXPECT_EQ(index.distinct[0].occurrences, 2u);
    EXPECT_EQ(index.broken.count, 1u);
    EXPECT_THAT(index.broken.examples.at(0), HasSubstr("line 402: not valid JSON"));
    EXPECT_EQ(index.topics.size(), 400u);
    EXPECT_EQ(index.distinct[5].format, Format::json);
}

TEST_F(DrawingTest, ALaterAnswerIsPreferred) {
    const std::string request = R"({"messages":[{"role":"user","content":"Hi"}]})";
    const TrafficIndex index = read(request + "\n{\"request\":" + request +
                                    R"(,"response":{"choices":[{"message":{"content":"Hello"}}]}})" + "\n");
    ASSERT_EQ(index.distinct.size(), 1u);
    EXPECT_EQ(index.distinct[0].place.number, 2u);
    EXPECT_TRUE(index.distinct[0].has_answer);
}

TEST_F(DrawingTest, SetAndHoldoutShareNoTextAndAreTheSameEveryTime) {
    TrafficIndex index = read(log_text(400));
    const Drawing drawing = draw_from(index);
    EXPECT_EQ(drawing.samples.size(), 200u);
    EXPECT_EQ(drawing.holdout.size(), 100u);
    EXPECT_EQ(drawing.canary.size(), 20u);
    std::set<std::string> texts;
    for (const auto& sequence : drawing.sample_sequences) texts.insert(sequence.text);
    for (const auto& sequence : drawing.holdout_sequences) EXPECT_EQ(texts.count(sequence.text), 0u);
    TrafficIndex again = read(log_text(400));
    EXPECT_EQ(model::to_json_lines(draw_from(again).sample_sequences), model::to_json_lines(drawing.sample_sequences));
}

TEST_F(DrawingTest, RefusedRequestsAreReplacedAndCounted) {
    TrafficIndex index = read(log_text(400));
    const auto requests = index.requests;
    const Drawing drawing = draw_from(index, "7 about");  // one in sixteen
    EXPECT_EQ(drawing.samples.size(), 200u);
    EXPECT_GT(calls_, 1);
    for (const auto& sequence : drawing.sample_sequences) EXPECT_EQ(sequence.text.find("7 about"), std::string::npos);
    EXPECT_GT(index.broken.count, 1u);
    EXPECT_EQ(index.requests + index.broken.count, requests + 1);
}

TEST_F(DrawingTest, ATemplateThatRefusesNearlyAllIsAnErrorWithItsReason) {
    TrafficIndex index = read(log_text(400));
    try {
        draw_from(index, "Question");
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr("no such role"));
    }
}

TEST_F(DrawingTest, NoTwoSidesShareANearDuplicate) {
    std::string text;
    core::Random random(4);
    for (int i = 0; i < 300; ++i) {
        std::string words;
        for (int k = 0; k < 12; ++k) words += fmt::format("w{} ", random.below(100000));
        for (const char* opening : {"", "Please, "})
            text += core::canonical({{"messages", {{{"role", "user"}, {"content", opening + words}}}}}) + "\n";
    }
    TrafficIndex index = read(text);
    const Drawing drawing = draw_from(index);
    EXPECT_GE(drawing.samples.size(), 128u);
    EXPECT_TRUE(near_duplicates_across(index, drawing.samples, drawing.holdout).empty());
    EXPECT_TRUE(near_duplicates_across(index, drawing.samples, drawing.canary).empty());
    EXPECT_TRUE(near_duplicates_across(index, drawing.canary, drawing.holdout).empty());
}

TEST_F(DrawingTest, TheOriginalAnswersWhatWasLoggedWithoutAnAnswer) {
    TrafficIndex index = read(log_text(400));
    std::size_t asked = 0;
    const Drawing drawing = draw_from(index, "", [&](const core::Json& request) {
        core::Json answers = core::Json::array();
        for (std::size_t i = 0; i < request["requests"].size(); ++i) {
            ++asked;
            if (i % 2 == 0) answers.push_back({{"position", i}, {"answer", " Yes."}});
        }
        return core::Json{{"answers", answers}};
    });
    EXPECT_GE(asked, 300u);
    EXPECT_GT(drawing.own_answers, 50u);
    std::uint64_t answered = 0;
    for (const auto& sequence : drawing.sample_sequences) answered += sequence.text.ends_with(" Yes.") ? 1 : 0;
    EXPECT_EQ(answered, drawing.own_answers);
}

// Stands for the worker: one layer with an outlier channel for every candidate whose tokens hold `byte`, reached by it.
Job channels_reached_with(char byte, std::size_t* pool) {
    return [byte, pool](const core::Json& request) {
        *pool = request["sequences"].size();
        core::Json channels = core::Json::array();
        for (std::size_t i = 0; i < *pool; ++i)
            for (const auto& token : request["sequences"][i])
                if (token == byte) {
                    channels.push_back({{"weight", 1.0}, {"samples", {i}}});
                    break;
                }
        for (auto& channel : channels) channel["weight"] = 1.0 / static_cast<double>(channels.size());
        return core::Json{
            {"layers", {{{"layer", "w"}, {"channels", channels}}}}, {"tokens", 64 * *pool}, {"tokens_per_sample", 64}};
    };
}

std::size_t holding(const std::vector<model::TokenSequence>& sequences, char byte) {
    return static_cast<std::size_t>(std::count_if(sequences.begin(), sequences.end(), [&](const auto& sequence) {
        return std::count(sequence.tokens.begin(), sequence.tokens.end(), byte) > 0;
    }));
}

TEST_F(DrawingTest, ChannelCoverageIsReportedOfTheSetThatTopicsChoose) {
    TrafficIndex index = read(log_text(800));
    const Drawing plain = draw_from(index);
    EXPECT_EQ(plain.channels.mode, "");
    std::size_t pool = 0;
    mode_ = "report";
    channels_ = channels_reached_with('9', &pool);
    const Drawing drawing = draw_from(index);
    EXPECT_EQ(model::to_json_lines(drawing.sample_sequences), model::to_json_lines(plain.sample_sequences));
    EXPECT_GT(pool, 360u) << "a small stratum has fewer than twice its seats";
    EXPECT_LE(pool, 400u);
    EXPECT_EQ(drawing.channels.pool_samples, static_cast<int>(pool));
    ASSERT_EQ(drawing.layers.size(), 1u);
    const auto total = static_cast<double>(drawing.layers[0].channels);
    EXPECT_NEAR(drawing.channels.coverage * total, static_cast<double>(holding(drawing.sample_sequences, '9')), 1e-6);
    EXPECT_EQ(drawing.channels.by_topics, drawing.channels.coverage);
    EXPECT_NEAR(drawing.channels.random, 0.5, 0.05);
}

TEST_F(DrawingTest, ChannelsChooseWithinTheQuotas) {
    TrafficIndex index = read(log_text(800));
    const Drawing plain = draw_from(index);
    std::size_t pool = 0;
    mode_ = "cover";
    channels_ = channels_reached_with('9', &pool);
    const Drawing drawing = draw_from(index);
    EXPECT_EQ(drawing.samples.size(), 200u);
    EXPECT_GT(holding(drawing.sample_sequences, '9'), holding(plain.sample_sequences, '9') + 20);
    EXPECT_GT(drawing.channels.coverage, drawing.channels.by_topics);
    EXPECT_NEAR(drawing.channels.by_topics * drawing.layers[0].channels,
                static_cast<double>(holding(plain.sample_sequences, '9')), 1e-6);
    const auto of_json = [&](const Drawing& one) {
        return std::count_if(one.samples.begin(), one.samples.end(),
                             [&](std::size_t i) { return index.distinct[i].format == Format::json; });
    };
    EXPECT_EQ(of_json(drawing), of_json(plain)) << "the strata keep their seats";
    EXPECT_TRUE(near_duplicates_across(index, drawing.samples, drawing.holdout).empty());
    EXPECT_EQ(model::to_json_lines(draw_from(index).sample_sequences), model::to_json_lines(drawing.sample_sequences));
}

TEST_F(DrawingTest, WhatChannelsBringInIsAnsweredToo) {
    TrafficIndex index = read(log_text(800));
    std::size_t pool = 0;
    mode_ = "cover";
    channels_ = channels_reached_with('9', &pool);
    const Drawing drawing = draw_from(index, "", [&](const core::Json& request) {
        core::Json answers = core::Json::array();
        for (std::size_t i = 0; i < request["requests"].size(); ++i)
            answers.push_back({{"position", i}, {"answer", " Yes."}});
        return core::Json{{"answers", answers}};
    });
    EXPECT_EQ(drawing.own_answers, 200u);
    for (const auto& sequence : drawing.sample_sequences) EXPECT_TRUE(sequence.text.ends_with(" Yes."));
}

TEST_F(DrawingTest, MemoryIsBoundedAndTheSampleUniform) {
    const TrafficIndex all = read(log_text(4000));
    const TrafficIndex some = read(log_text(4000), 1000);
    EXPECT_EQ(all.kept_share, 1.0);
    EXPECT_LE(some.distinct.size(), 1000u);
    EXPECT_EQ(some.kept_share, 0.25);
    EXPECT_NEAR(static_cast<double>(some.distinct_count), 4000.0, 500.0);  // 4 standard deviations of the estimate
    EXPECT_EQ(some.requests, all.requests);
    std::set<std::string> hashes;
    for (const auto& request : all.distinct) hashes.insert(request.text_hash);
    for (const auto& request : some.distinct) EXPECT_EQ(hashes.count(request.text_hash), 1u);
    EXPECT_NEAR(static_cast<double>(std::count_if(some.distinct.begin(), some.distinct.end(),
                                                  [](const auto& r) { return r.format == Format::json; })),
                static_cast<double>(some.distinct.size()) / 5, 50.0);
}

TEST(Deduplication, NeverHoldsMoreThanItsLimitAndCountsWhatItHoldsExactly) {
    Deduplication all;
    Deduplication bounded(100);
    for (int i = 0; i < 20000; ++i) {
        Request request;
        request.prompt = fmt::format("request {}", i % 5000);
        all.add({}, request);
        bounded.add({}, request);
    }
    EXPECT_EQ(all.distinct().size(), 5000u);
    EXPECT_LE(bounded.held_peak(), 101u);
    EXPECT_GE(bounded.distinct().size(), 25u);
    for (const IndexedRequest& request : bounded.distinct()) EXPECT_EQ(request.occurrences, 4u);
}

}  // namespace
}  // namespace scale::calibration

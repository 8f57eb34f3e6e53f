#include "calibration/drawing.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::calibration {
namespace {

using testing::HasSubstr;

// A log of `count` distinct requests: two topics, every fifth one asks for JSON, each second line repeated by line 0.
std::string log_text(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        const std::string topic = i % 2 ? "refund of card payment" : "flight to the airport";
        const std::string asked = fmt::format("Question {} about the {}{}", i, topic, i % 5 == 0 ? " as JSON" : "");
        text += core::canonical({{"messages", {{{"role", "user"}, {"content", asked}}}}}) + "\n";
    }
    return text + text.substr(0, text.find('\n') + 1) + "broken\n";
}

// Stands for the worker: a "token" a byte. Refuses requests that hold `refused`.
Tokenizer byte_tokenizer(const std::string& refused, int* calls) {
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
            for (const char c : text) tokens.push_back(c);
            result["sequences"].push_back({{"position", i},
                                           {"id", item["id"]},
                                           {"stratum", item["stratum"]},
                                           {"text", text},
                                           {"tokens", tokens}});
        }
        return result;
    };
}

class DrawingTest : public testing::Test {
  protected:
    TrafficIndex read(const std::string& text) {
        core::write_file_atomic(log_, text);
        return index_traffic(log_, 1);
    }
    Drawing draw_from(TrafficIndex& index, const std::string& refused = "") {
        const Split split = split_requests(index.distinct, 0.25, 1, "log");
        return draw(index, split, {.samples = 200, .max_tokens = 64, .seed = 1}, byte_tokenizer(refused, &calls_));
    }
    core::TemporaryFolder folder_;
    core::fs::path log_ = folder_.path() / "traffic.jsonl";
    int calls_ = 0;
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
    EXPECT_EQ(calls_, 1);
    std::set<std::string> texts;
    for (const auto& sequence : drawing.sample_sequences) texts.insert(sequence.text);
    for (const auto& sequence : drawing.holdout_sequences) EXPECT_EQ(texts.count(sequence.text), 0u);
    TrafficIndex again = read(log_text(400));
    EXPECT_EQ(model::to_json_lines(draw_from(again).sample_sequences), model::to_json_lines(drawing.sample_sequences));
}

TEST_F(DrawingTest, RefusedRequestsAreReplacedAndCounted) {
    TrafficIndex index = read(log_text(400));
    const auto requests = index.requests;
    const Drawing drawing = draw_from(index, "7 about");  // one in ten
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

}  // namespace
}  // namespace scale::calibration

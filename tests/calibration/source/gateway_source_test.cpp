// The gateway's log as a source. The lines are those that rollout/log/records.cpp writes; tests/cli/evaluate.sh
// reads a real gateway's log.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/source/traffic_source.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "record/live_log/segment_scan.h"

namespace scale::calibration {
namespace {

using core::Json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string admit(const std::string& id, const std::string& text, const std::string& session = "",
                  std::int64_t time_ms = 0) {
    const Json body = {{"messages", Json::array({{{"role", "user"}, {"content", text}}})}};
    return record::framed_line(core::canonical({{"type", "admit"},
                                                {"request_id", id},
                                                {"time_ms", time_ms},
                                                {"unit", "u-" + id},
                                                {"key_kind", "user"},
                                                {"session", session},
                                                {"arm", "original"},
                                                {"request", body}}));
}

std::string finish(const std::string& id, const std::string& outcome, const std::string& answer,
                   const std::string& by = "original") {
    return record::framed_line(core::canonical(
        {{"type", "finish"}, {"request_id", id}, {"outcome", outcome}, {"served_by", by}, {"answer", answer}}));
}

class GatewaySourceTest : public testing::Test {
  protected:
    void segment(int number, const std::string& bytes) {
        core::write_file_atomic(record::segment_path(folder_.path(), static_cast<std::uint64_t>(number)), bytes);
    }
    void read(const TrafficWindow& window = {}) {
        source_ = open_source(folder_.path(), "auto", window);
        requests_.clear();
        refusals_.clear();
        reading_ = source_->read(
            [&](const Place& place, const ParsedLine& parsed) {
                if (!parsed.refusal.empty()) {
                    refusals_.push_back(parsed.refusal);
                    return;
                }
                requests_.push_back(parsed.request);
                const Request again = source_->again(place).request;
                EXPECT_EQ(again.answer, parsed.request.answer);
                EXPECT_EQ(normalised_text(again), normalised_text(parsed.request));
            },
            {});
    }
    std::string said(std::size_t i) const { return requests_.at(i).messages.at(0).content; }

    core::TemporaryFolder folder_;
    std::unique_ptr<TrafficSource> source_;
    std::vector<Request> requests_;
    std::vector<std::string> refusals_;
    LogReading reading_;
};

TEST_F(GatewaySourceTest, AWindowHoldsTheNewestRequestsSinceATime) {
    segment(1, "a segment before the window is not even opened\n");
    segment(2, admit("a", "first", "", 100) + admit("b", "second", "", 200) + finish("a", "ok", "A"));
    segment(3, admit("c", "third", "", 300) + finish("b", "ok", "B") + admit("d", "fourth", "", 400) +
                   finish("d", "ok", "D") + finish("c", "ok", "C"));
    const auto texts = [&](const TrafficWindow& window) {
        read(window);
        EXPECT_TRUE(refusals_.empty());
        std::string all;
        for (std::size_t i = 0; i < requests_.size(); ++i) all += said(i) + requests_[i].answer + " ";
        return all;
    };
    EXPECT_EQ(texts({150, 0}), "secondB fourthD thirdC ");
    EXPECT_EQ(texts({150, 2}), "fourthD thirdC ");
    EXPECT_EQ(texts({0, 3}), "secondB fourthD thirdC ");
    EXPECT_EQ(texts({301, 9}), "fourthD ");
    EXPECT_EQ(texts({500, 0}), "");
    EXPECT_EQ(reading_.lines, 0u);
}

TEST_F(GatewaySourceTest, JoinsAdmitsWithTheirEndsAcrossSegments) {
    segment(1, admit("a", "first", "s1") + admit("b", "second") + finish("b", "ok", "B"));
    segment(2, finish("a", "ok", "A") + admit("c", "under way"));
    read();
    EXPECT_EQ(source_->kind(), SourceKind::gateway);
    EXPECT_EQ(reading_.lines, 3u);
    ASSERT_EQ(requests_.size(), 3u);
    EXPECT_EQ(said(0) + requests_[0].answer, "secondB");
    EXPECT_EQ(said(1) + requests_[1].answer, "firstA");
    EXPECT_EQ(said(2) + requests_[2].answer, "under way");
    EXPECT_EQ(requests_[0].conversation, "unit:u-b");
    EXPECT_EQ(requests_[1].conversation, "session:s1");
}

TEST_F(GatewaySourceTest, OnlyTheOriginalsWholeAnswersCount) {
    segment(1, admit("a", "1") + finish("a", "ok", "from the candidate", "candidate") + admit("b", "2") +
                   finish("b", "truncated", "half") + admit("c", "3") + finish("c", "client_error", ""));
    read();
    ASSERT_EQ(requests_.size(), 2u);
    EXPECT_EQ(requests_[0].answer + requests_[1].answer, "");
    EXPECT_THAT(refusals_, ElementsAre(HasSubstr("4xx")));
}

TEST_F(GatewaySourceTest, BodiesThatWereNotLoggedAreSaid) {
    segment(1, record::framed_line(R"({"arm":"original","request_id":"a","type":"admit"})") + finish("a", "ok", ""));
    read();
    EXPECT_THAT(refusals_, ElementsAre("its body was not logged"));
}

TEST_F(GatewaySourceTest, ATornTailIsPassedOverAndDamageIsSaid) {
    segment(1, admit("a", "1") + finish("a", "ok", "A") + "deadbeef {\"torn");
    read();
    EXPECT_EQ(requests_.size(), 1u);
    EXPECT_TRUE(refusals_.empty());
    segment(1, "deadbeef {}\n" + admit("a", "1"));
    segment(2, admit("b", "2") + finish("b", "ok", "B"));
    read();
    EXPECT_EQ(requests_.size(), 1u);
    EXPECT_THAT(refusals_, ElementsAre(HasSubstr("the checksum does not match")));
}

TEST_F(GatewaySourceTest, AFolderWithoutSegmentsIsAnError) {
    EXPECT_THROW(open_source(folder_.path(), "auto"), core::Error);
}

}  // namespace
}  // namespace scale::calibration

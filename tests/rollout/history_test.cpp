// What the live page shows beside the evidence itself: the same after a replay, bounded, and true to the records.
#include "rollout/evidence/history.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "rollout/evidence/evidence_book.h"
#include "rollout/evidence/recent_times.h"
#include "rollout/log/segment_log.h"

namespace {

using namespace scale;
using namespace scale::rollout;

MonitorOptions options() {
    MonitorOptions options;
    options.guardrails = {"thumbs_down", "server_error"};
    return options;
}

struct Request {
    Admit admit;
    Finish finish;
};

// Number `i` of the experiment: every third user is the candidate's, at a share of 30 %.
Request request(int i, Outcome outcome = Outcome::ok) {
    Request made;
    made.admit.request_id = "req-" + std::to_string(i);
    made.admit.unit = fmt::format("{:016x}{:048x}", 7919 * (i + 1), 0);
    made.admit.arm = i % 3 == 0 ? Arm::candidate : Arm::original;
    made.admit.propensity = 300'000;
    made.admit.experiment = "exp";
    made.admit.stream = true;
    made.finish.request_id = made.admit.request_id;
    made.finish.response_id = "resp-" + std::to_string(i);
    made.finish.time_ms = made.admit.time_ms = 1'000'000 + 100 * i;
    made.finish.served_by = made.admit.arm;
    made.finish.outcome = outcome;
    made.finish.ttft_ms = 10 + i % 5;
    made.finish.duration_ms = 100;
    made.finish.completion_tokens = 20;
    return made;
}

Feedback thumbs_down(int i) {
    Feedback feedback;
    feedback.time_ms = 1'000'000 + 100 * i + 50;
    feedback.id = "f-" + std::to_string(i);
    feedback.response_id = "resp-" + std::to_string(i);
    feedback.name = "thumbs_down";
    feedback.value = true;
    feedback.comment = "no";
    return feedback;
}

// Bad answers of the candidate only.
std::vector<Record> harmful_log(int requests) {
    std::vector<Record> records;
    for (int i = 0; i < requests; ++i) {
        const Request made = request(i, i % 40 == 5 && i % 3 != 0 ? Outcome::server_error : Outcome::ok);
        records.emplace_back(made.admit);
        if (i % 30 == 0) records.emplace_back(thumbs_down(i));  // before its answer has ended
        records.emplace_back(made.finish);
        if (i % 9 == 0 && i % 30 != 0) records.emplace_back(thumbs_down(i));
    }
    return records;
}

TEST(History, AReplayShowsTheSameAsWhatWasSeenLive) {
    const std::vector<Record> records = harmful_log(300);
    EvidenceBook replayed(options(), "exp");
    for (const auto& record : records) replayed.replay(record);
    EvidenceBook live(options(), "exp");
    std::map<std::string, Admit> open;
    for (const auto& record : records) {
        if (const auto* admit = std::get_if<Admit>(&record)) open[admit->request_id] = *admit;
        if (const auto* finish = std::get_if<Finish>(&record)) live.finished(open.at(finish->request_id), *finish);
        if (const auto* feedback = std::get_if<Feedback>(&record)) live.feedback(*feedback);
    }
    EXPECT_EQ(live.live_json(true), replayed.live_json(true));
    EXPECT_GT(live.live_json(true)["history"]["time_ms"].size(), 50u);
}

TEST(History, ShowsTheEvidenceGrowAndEndsWhereItStands) {
    EvidenceBook book(options(), "exp");
    for (const auto& record : harmful_log(300)) book.replay(record);
    const core::Json history = book.live_json(true)["history"];
    const core::Json& harm = history["harm"]["thumbs_down"];
    EXPECT_NEAR(harm.front().get<double>(), 0, 1e-9);
    EXPECT_GT(harm[harm.size() / 2].get<double>(), 1);
    EXPECT_NEAR(harm.back().get<double>(), book.monitor().levels().harm[0], 1e-4);
    EXPECT_LT(history["harm"]["server_error"].back().get<double>(), 0) << "only the original failed";
    EXPECT_EQ(history["users"]["candidate"].back(), 100);
    EXPECT_EQ(history["failures"]["original"].back(), book.monitor().counts(Arm::original).failures);
    EXPECT_EQ(history["share_ppm"].back(), 300'000);
    EXPECT_DOUBLE_EQ(history["first_token_ms"]["original"].back().get<double>(), 12);
    EXPECT_DOUBLE_EQ(history["per_token_ms"]["candidate"].back().get<double>(), 5);
    for (const auto& [name, column] : history["harm"].items())
        EXPECT_EQ(column.size(), history["time_ms"].size()) << name;
    const core::Json newest = book.live_json(false)["history"];
    ASSERT_EQ(newest["time_ms"].size(), 1u);
    EXPECT_EQ(newest["time_ms"][0], history["time_ms"].back());
    EXPECT_EQ(newest["harm"]["thumbs_down"][0], harm.back());
}

TEST(History, StaysBoundedAndKeepsItsWholeSpan) {
    const Monitor monitor(options());
    const RecentTimes times;
    EvidenceHistory history({.points = 40, .spacing_ms = 10});
    for (std::int64_t time = 0; time < 1'000'000; time += 7) history.observe(time, 100'000, monitor, times);
    EXPECT_LT(history.size(), 40u);
    EXPECT_GE(history.size(), 19u);
    const core::Json shown = history.to_json(monitor, times)["time_ms"];
    EXPECT_EQ(shown.front(), 0);
    EXPECT_GT(shown.back().get<std::int64_t>(), 999'990);
    EXPECT_TRUE(std::is_sorted(shown.begin(), shown.end()));
}

TEST(History, OtherExperimentsLeaveNoPoint) {
    EvidenceBook book(options(), "another");
    for (const auto& record : harmful_log(30)) book.replay(record);
    EXPECT_TRUE(book.live_json(true)["history"]["time_ms"].empty());
    EXPECT_TRUE(book.live_json(false)["history"]["time_ms"].empty());
}

TEST(RecentTimes, AreQuantilesOfTheNewestGoodAnswers) {
    RecentTimes times(100);
    EXPECT_TRUE(std::isnan(times.first_token(Arm::original, 0.5)));
    EXPECT_TRUE(times.to_json(Arm::original)["first_token_ms"].is_null());
    Request made = request(1);
    for (int i = 0; i < 1000; ++i) {
        made.finish.ttft_ms = i;
        times.add(made.admit, made.finish);
    }
    EXPECT_DOUBLE_EQ(times.first_token(Arm::original, 0), 900);
    EXPECT_DOUBLE_EQ(times.first_token(Arm::original, 0.5), 949);
    EXPECT_DOUBLE_EQ(times.first_token(Arm::original, 1), 999);
    EXPECT_EQ(times.to_json(Arm::original)["first_token_ms"]["count"], 100);
    const core::Json before = times.to_json(Arm::original);
    made.finish.ttft_ms = 5;
    made.finish.outcome = Outcome::timeout;
    times.add(made.admit, made.finish);
    made.finish.outcome = Outcome::ok;
    made.finish.served_by = Arm::candidate;  // a fallback says nothing about the assigned arm's speed
    times.add(made.admit, made.finish);
    EXPECT_EQ(times.to_json(Arm::original), before);
    EXPECT_TRUE(times.to_json(Arm::candidate)["per_token_ms"].is_null());
}

TEST(RecentEvents, FeedbackGetsItsArmOnceItsAnswerIsKnown) {
    EvidenceBook book(options(), "exp");
    const Request made = request(3);
    Feedback feedback = thumbs_down(3);
    feedback.comment = std::string(1000, 'x');
    book.feedback(feedback);
    core::Json shown = book.live_json(false)["feedback"][0];
    EXPECT_TRUE(shown["arm"].is_null());
    EXPECT_EQ(shown["counted"], false);
    EXPECT_LT(shown["comment"].get<std::string>().size(), 400u);
    book.finished(made.admit, made.finish);
    shown = book.live_json(false)["feedback"][0];
    EXPECT_EQ(shown["arm"], "candidate");
    EXPECT_EQ(shown["counted"], true);
    Feedback remark = thumbs_down(3);
    remark.id = "other";
    remark.name = "remark";
    book.feedback(remark);
    EXPECT_EQ(book.live_json(false)["feedback"][0]["counted"], false) << "no guardrail watches remarks";
    for (int i = 0; i < 500; ++i) {
        remark.id = "more-" + std::to_string(i);
        book.feedback(remark);
    }
    EXPECT_LE(book.live_json(false)["feedback"].size(), 50u);
    EXPECT_EQ(book.live_json(false)["feedback"][0]["id"], "more-499");
}

TEST(RecentEvents, FailuresNameTheAssignedArmAndWhoAnswered) {
    EvidenceBook book(options(), "exp");
    Request made = request(3, Outcome::server_error);
    made.finish.served_by = Arm::original;
    made.finish.status = 200;
    made.finish.upstream_status = 500;
    made.finish.error = "out of memory";
    book.finished(made.admit, made.finish);
    const core::Json failure = book.live_json(false)["failures"][0];
    EXPECT_EQ(failure["arm"], "candidate");
    EXPECT_EQ(failure["fallback"], true);
    EXPECT_EQ(failure["upstream_status"], 500);
    EXPECT_EQ(failure["error"], "out of memory");
    EXPECT_EQ(failure["request_id"], "req-3");
    const Request fine = request(4);
    book.finished(fine.admit, fine.finish);
    EXPECT_EQ(book.live_json(false)["failures"].size(), 1u);
}

// A rolled-back gateway that has served the original for months must not read all of it at its start.
TEST(Log, IsReadNoFurtherThanTheSegmentBehindATime) {
    const core::TemporaryFolder folder;
    LogOptions log_options;
    log_options.folder = folder.path() / "log";
    log_options.segment_bytes = 4096;
    {
        SegmentLog log(log_options);
        for (int i = 0; i < 200; ++i) {
            const auto appended = log.append(request(i).finish);
            ASSERT_TRUE(log.wait_committed(appended.sequence));
        }
    }
    std::vector<std::int64_t> all;
    std::vector<std::int64_t> some;
    for_each_record(log_options.folder, [&](const Record& record) { all.push_back(std::get<Finish>(record).time_ms); });
    const std::int64_t end_ms = request(60).finish.time_ms;
    LogRange range;
    range.end_ms = end_ms;
    for_each_record(
        log_options.folder, [&](const Record& record) { some.push_back(std::get<Finish>(record).time_ms); }, range);
    ASSERT_EQ(all.size(), 200u);
    EXPECT_LT(some.size(), 100u);
    EXPECT_GT(some.back(), end_ms) << "the record of that very time is read";
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
}

}  // namespace

// The monitor and the book that feeds it, on made-up traffic.
#include "rollout/evidence/monitor.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/hash.h"
#include "rollout/evidence/evidence_book.h"

namespace {

using namespace scale;
using namespace scale::rollout;

MonitorOptions options() {
    MonitorOptions made;
    made.guardrails = {"thumbs_down", "server_error"};
    return made;
}

Admit admit(int number, Arm arm, std::uint32_t share = 500'000) {
    Admit made;
    made.request_id = "req-" + std::to_string(number);
    made.unit = core::sha256_hex("user-" + std::to_string(number));
    made.arm = arm;
    made.propensity = share;
    made.experiment = "exp";
    made.stream = true;
    return made;
}

Finish finish(const Admit& admitted, Outcome outcome = Outcome::ok) {
    Finish made;
    made.request_id = admitted.request_id;
    made.response_id = "chatcmpl-" + admitted.request_id;
    made.outcome = outcome;
    made.served_by = admitted.arm;
    made.ttft_ms = 20;
    made.duration_ms = 200;
    made.completion_tokens = 10;
    return made;
}

Feedback thumbs_down(const std::string& response) {
    Feedback made;
    made.response_id = response;
    made.name = "thumbs_down";
    made.value = true;
    return made;
}

TEST(Monitor, ComparesArmsAsAssignedWhoeverAnswered) {
    Monitor monitor(options());
    const Admit admitted = admit(1, Arm::candidate);
    Finish fallen_back = finish(admitted);
    fallen_back.served_by = Arm::original;  // the client got a good answer
    monitor.finished(admitted, fallen_back);
    EXPECT_EQ(monitor.counts(Arm::candidate).failures, 1u);
    EXPECT_EQ(monitor.counts(Arm::candidate).events.at("server_error"), 1u);
    EXPECT_EQ(monitor.counts(Arm::original).requests, 0u);
}

TEST(Monitor, CountsTheFirstEventOfAUnitOnly) {
    Monitor monitor(options());
    for (int i = 0; i < 50; ++i) monitor.bad_feedback("thumbs_down", admit(7, Arm::candidate));
    EXPECT_EQ(monitor.counts(Arm::candidate).events.at("thumbs_down"), 1u);
    EXPECT_EQ(monitor.verdict(), EvidenceVerdict::undecided);
}

TEST(Monitor, LeavesAsideWhatSaysNothingAboutTheArms) {
    Monitor monitor(options());
    Admit forced = admit(1, Arm::candidate);
    forced.excluded = true;
    monitor.finished(forced, finish(forced, Outcome::server_error));
    monitor.bad_feedback("thumbs_down", forced);
    const Admit other = admit(2, Arm::candidate);
    monitor.finished(other, finish(other, Outcome::interrupted));
    EXPECT_EQ(monitor.counts(Arm::candidate).requests, 0u);
    for (const auto outcome : {Outcome::client_error, Outcome::client_aborted}) {
        const Admit client = admit(3, Arm::candidate);
        monitor.finished(client, finish(client, outcome));
    }
    EXPECT_EQ(monitor.counts(Arm::candidate).failures, 0u);
    monitor.bad_feedback("no such guardrail", other);
    EXPECT_TRUE(monitor.counts(Arm::candidate).events.empty());
}

TEST(Monitor, FindsHarmInThumbsDown) {
    Monitor monitor(options());
    int events = 0;
    while (!monitor.harmed() && events < 200)
        monitor.bad_feedback("thumbs_down", admit(events++, Arm::candidate, 100'000));
    // α is split over 2 guardrails and 2 latency tests: E ≥ 80; at a share of 10 %, each event multiplies by up to 4.7.
    EXPECT_EQ(monitor.verdict(), EvidenceVerdict::harm);
    EXPECT_LE(events, 5);
    EXPECT_NE(monitor.sentence().find("thumbs_down"), std::string::npos);
}

TEST(Monitor, SafetyNeedsEveryGuardrailAndBothLatencies) {
    Monitor monitor(options());
    for (int i = 0; i < 4000; ++i) {
        const Admit admitted = admit(i, i % 2 ? Arm::candidate : Arm::original);
        monitor.finished(admitted, finish(admitted));
        if (i % 2 == 0 || i % 8 == 1) monitor.bad_feedback("thumbs_down", admitted);
    }
    EXPECT_EQ(monitor.verdict(), EvidenceVerdict::undecided) << "server_error has seen no event";
    EXPECT_NE(monitor.sentence().find("server_error"), std::string::npos);
    for (int i = 0; i < 400; ++i) {
        const Admit admitted = admit(i, Arm::original);
        if (i % 2 == 0) monitor.finished(admitted, finish(admitted, Outcome::server_error));
    }
    EXPECT_EQ(monitor.verdict(), EvidenceVerdict::safe) << monitor.sentence();
}

TEST(Monitor, MismatchedSharesAreInvalid) {
    Monitor monitor(options());
    for (int i = 0; i < 200; ++i) {
        const Admit admitted = admit(i, Arm::candidate);
        monitor.finished(admitted, finish(admitted));
    }
    EXPECT_EQ(monitor.verdict(), EvidenceVerdict::invalid);
}

TEST(Monitor, SlowCandidateIsHarm) {
    Monitor monitor(options());
    for (int i = 0; i < 2000 && !monitor.harmed(); ++i) {
        const Admit admitted = admit(i, i % 2 ? Arm::candidate : Arm::original);
        Finish done = finish(admitted);
        done.ttft_ms = (i % 2 ? 60 : 20) * std::exp(.2 * std::sin(i));
        monitor.finished(admitted, done);
    }
    EXPECT_TRUE(monitor.harmed());
    EXPECT_NE(monitor.sentence().find("time to first token"), std::string::npos) << monitor.sentence();
}

TEST(EvidenceBook, FeedbackFindsItsRequestByAnyName) {
    for (const char* name : {"req-1", "chatcmpl-req-1"}) {
        EvidenceBook book(options(), "exp");
        const Admit admitted = admit(1, Arm::candidate);
        book.finished(admitted, finish(admitted));
        const FeedbackReply reply = book.feedback(thumbs_down(name));
        EXPECT_TRUE(reply.accepted && !reply.parked);
        EXPECT_EQ(reply.request_id, "req-1");
        EXPECT_EQ(book.monitor().counts(Arm::candidate).events.at("thumbs_down"), 1u) << name;
    }
}

TEST(EvidenceBook, EarlyFeedbackIsParkedAndThenCounts) {
    for (const char* name : {"req-1", "chatcmpl-req-1"}) {
        EvidenceBook book(options(), "exp");
        EXPECT_TRUE(book.feedback(thumbs_down(name)).parked);
        EXPECT_EQ(book.parked(), 1u);
        const Admit admitted = admit(1, Arm::candidate);
        book.finished(admitted, finish(admitted));
        EXPECT_EQ(book.parked(), 0u) << name;
        ASSERT_EQ(book.monitor().counts(Arm::candidate).events.count("thumbs_down"), 1u) << name;
    }
}

TEST(EvidenceBook, AnIdCountsOnce) {
    EvidenceBook book(options(), "exp");
    Feedback given = thumbs_down("chatcmpl-req-1");
    given.id = "f1";
    EXPECT_FALSE(book.feedback(given).duplicate);
    EXPECT_TRUE(book.feedback(given).duplicate);
}

TEST(EvidenceBook, RefusesFeedbackAboutNothing) {
    EvidenceBook book(options(), "exp");
    EXPECT_FALSE(book.feedback(thumbs_down("")).accepted);
}

TEST(EvidenceBook, DenialsAreNoEvents) {
    for (const core::Json& value : {core::Json(false), core::Json(0), core::Json("no"), core::Json(-1)})
        EXPECT_FALSE(affirms(value));
    for (const core::Json& value : {core::Json(true), core::Json(1), core::Json("yes"), core::Json()})
        EXPECT_TRUE(affirms(value));
}

TEST(EvidenceBook, OtherExperimentsDoNotCount) {
    EvidenceBook book(options(), "exp");
    Admit admitted = admit(1, Arm::candidate);
    admitted.experiment = "an earlier one";
    book.finished(admitted, finish(admitted, Outcome::server_error));
    book.feedback(thumbs_down("req-1"));
    EXPECT_EQ(book.monitor().counts(Arm::candidate).requests, 0u);
    EXPECT_TRUE(book.monitor().counts(Arm::candidate).events.empty());
}

TEST(EvidenceBook, MemoryIsBounded) {
    EvidenceBook book(options(), "exp", {.requests = 10, .parked = 5, .feedback_ids = 10});
    for (int i = 0; i < 100; ++i) {
        const Admit admitted = admit(i, Arm::candidate);
        book.finished(admitted, finish(admitted));
        book.feedback(thumbs_down("unknown-" + std::to_string(i)));
    }
    EXPECT_LE(book.parked(), 5u);
    EXPECT_TRUE(book.feedback(thumbs_down("req-0")).parked) << "forgotten by now";
    EXPECT_FALSE(book.feedback(thumbs_down("req-99")).parked);
}

TEST(EvidenceBook, AReplayGivesTheSameEvidence) {
    EvidenceBook live(options(), "exp"), replayed(options(), "exp");
    for (int i = 0; i < 300; ++i) {
        const Admit admitted = admit(i, i % 3 ? Arm::original : Arm::candidate);
        const Finish done = finish(admitted, i % 50 == 0 ? Outcome::server_error : Outcome::ok);
        const Feedback given = thumbs_down(done.response_id);
        replayed.replay(admitted);
        if (i % 7 == 0) {
            live.feedback(given);
            replayed.replay(given);
        }
        live.finished(admitted, done);
        replayed.replay(done);
    }
    replayed.replay(admit(999, Arm::candidate));  // interrupted: no finish
    EXPECT_EQ(core::canonical(live.monitor().to_json()), core::canonical(replayed.monitor().to_json()));
    EXPECT_EQ(live.candidate_units_at(500'000), replayed.candidate_units_at(500'000));
    EXPECT_EQ(live.candidate_units_at(500'000), 100u);
}

}  // namespace

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using rollout::Arm;
using rollout::Outcome;
using rollout::Shadow;
using ::testing::HasSubstr;

class ShadowTest : public ::testing::Test {
  protected:
    ShadowTest() {
        rig.controller.shadow = 1'000'000;
        rig.serve_original(always(http_answer(200, chat_answer)));
    }
    Message ask() { return rig.ask(post("/v1/chat/completions", chat_body)); }
    // Waits for copies that are under way.
    std::vector<Shadow> shadows(std::size_t count) {
        for (int i = 0; i < 1000 && metric("scale_shadow_requests_total") < count; ++i) pause();
        for (int i = 0; i < 1000 && rig.log().appended() < 3 * count; ++i) pause();
        if (count > 0) rig.controller.wait_for_ended(count);
        std::vector<Shadow> found;
        for (const auto& record : rig.records())
            if (const auto* shadow = std::get_if<Shadow>(&record)) found.push_back(*shadow);
        return found;
    }
    std::uint64_t metric(const std::string& name) {
        const std::string text = rig.ask(get("/metrics")).body;
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
    }
    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

    GatewayRig rig;
};

std::string answer_with(const std::string& text) {
    return R"({"id":"c","choices":[{"index":0,"message":{"content":")" + text +
           R"("},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":9}})";
}

TEST_F(ShadowTest, TheCandidateAnswersACopyThatOnlyTheLogSees) {
    std::promise<Message> seen;
    rig.serve_candidate([&](Peer& peer) {
        seen.set_value(peer.read_request());
        peer.send(http_answer(200, answer_with("help")));
        peer.read_request();
    });
    rig.controller.candidate.model = "candidate-name";
    rig.start();
    EXPECT_EQ(ask().body, chat_answer);
    const Message copy = seen.get_future().get();
    EXPECT_THAT(copy.body, HasSubstr(R"("model":"candidate-name")"));
    EXPECT_THAT(copy.body, HasSubstr(R"("user":"ann")"));
    const auto found = shadows(1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].outcome, Outcome::ok);
    EXPECT_EQ(found[0].answer, "help");
    EXPECT_TRUE(found[0].compared);
    EXPECT_FALSE(found[0].same_answer);
    EXPECT_EQ(found[0].same_bytes, 3);  // "help" and "hello"
    EXPECT_EQ(found[0].original_bytes, 5);
    EXPECT_EQ(found[0].completion_tokens, 9);
    EXPECT_EQ(found[0].original_completion_tokens, 1);
    EXPECT_EQ(found[0].finish_reason, "length");
    // The controller, and with it the evidence, has seen the request and nothing else.
    const auto counted = rig.controller.wait_for_ended(1);
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_EQ(counted[0].admit.arm, Arm::original);
    EXPECT_EQ(counted[0].admit.request_id, found[0].request_id);
}

TEST_F(ShadowTest, SeesWhenTheAnswersAreTheSame) {
    rig.serve_candidate(always(http_answer(200, chat_answer)));
    rig.start();
    ask();
    const auto found = shadows(1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].same_answer);
}

// The candidate never answers: users do not notice, and no more copies are under way than allowed.
TEST_F(ShadowTest, NeverDelaysAnybodyAndIsBounded) {
    rig.options.shadows = 2;
    std::atomic<int> copies = 0;
    rig.serve_candidate([&](Peer& peer) {
        if (peer.read_request().complete) ++copies;
        peer.read_to_end();
    });
    rig.start();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask().body, chat_answer);
    EXPECT_EQ(metric("scale_shadow_requests_total"), 2u);
    EXPECT_EQ(metric("scale_shadow_left_out_total"), 18u);
    for (int i = 0; i < 1000 && copies < 2; ++i) pause();
    EXPECT_EQ(copies, 2);
    rig.stop();  // with the copies still under way
}

TEST_F(ShadowTest, EndsCopiesThatTakeTooLong) {
    rig.options.shadow_time = std::chrono::milliseconds{100};
    rig.serve_candidate([](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")));
        peer.read_to_end();
    });
    rig.start();
    ask();
    const auto found = shadows(1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].outcome, Outcome::timeout);
    EXPECT_FALSE(found[0].compared);
}

TEST_F(ShadowTest, FailuresOfACopyAreNoFailuresOfARequest) {
    int asked = 0;
    rig.serve_candidate([&](Peer& peer) {
        peer.read_request();
        if (++asked == 1) peer.send(http_answer(500, "{}"));
    });
    rig.start();
    EXPECT_EQ(ask().body, chat_answer);
    for (int i = 0; i < 1000 && metric("scale_shadow_failures_total") < 1; ++i) pause();
    EXPECT_EQ(ask().body, chat_answer);
    const auto found = shadows(2);
    ASSERT_EQ(found.size(), 2u);
    for (const auto& shadow : found) EXPECT_EQ(shadow.outcome, Outcome::server_error);
    for (const auto& ended : rig.controller.wait_for_ended(2)) EXPECT_EQ(ended.finish.outcome, Outcome::ok);
}

TEST_F(ShadowTest, NothingIsCopiedThatTheCandidateServesOrThatIsNotAskedFor) {
    rig.serve_candidate(always(http_answer(200, chat_answer)));
    rig.start();
    rig.controller.arm = Arm::candidate;
    ask();
    rig.controller.arm = Arm::original;
    rig.controller.shadow = 0;
    ask();
    EXPECT_EQ(metric("scale_shadow_requests_total"), 0u);
    EXPECT_TRUE(shadows(0).empty());
}

}  // namespace
}  // namespace scale::test

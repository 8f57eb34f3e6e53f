// What the gateway offers to others: its verdict, its assignment, and other spellings of feedback.
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/json.h"
#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using rollout::Arm;
using rollout::Feedback;

TEST(Handoff, TakesFeedbackInTensorZerosAndLangfusesSpelling) {
    GatewayRig rig;
    rig.start();
    const auto answer_to = [&](const char* path, const char* body) {
        return core::Json::parse(rig.ask(post(path, body)).body);
    };
    EXPECT_TRUE(answer_to("/feedback", R"({"metric_name":"m","inference_id":"a","value":true,"dryrun":true})")
                    .contains("feedback_id"));
    const auto tensorzero =
        answer_to("/feedback", R"({"metric_name":"m","episode_id":"e","value":0.5,"tags":{"a":"b"},"dryrun":false})");
    EXPECT_EQ(tensorzero["feedback_id"], tensorzero["id"]);
    const char* score =
        R"({"id":"s-1","traceId":"t","name":"helpful","value":1,"dataType":"BOOLEAN","comment":"good"})";
    EXPECT_EQ(answer_to("/api/public/scores", score)["id"], "s-1");
    EXPECT_EQ(answer_to("/api/public/scores", score)["status"], "duplicate");
    std::vector<std::string> names;
    for (const auto& record : rig.records())
        if (const auto* feedback = std::get_if<Feedback>(&record))
            names.push_back(feedback->name + " " + feedback->response_id + feedback->session);
    EXPECT_EQ(names, (std::vector<std::string>{"m digest-e", "helpful t", "helpful t"}));
}

TEST(Handoff, GivesItsVerdictToArgoAndFlagger) {
    GatewayRig rig;
    rig.start();
    struct Case {
        const char* verdict;
        const char* status;
        int rollback, increase, promotion;
    };
    for (const auto& [verdict, status, rollback, increase, promotion] : {
             Case{"undecided", "canary", 403, 200, 403},
             Case{"safe", "canary", 403, 200, 200},
             Case{"safe", "paused", 403, 403, 200},
             Case{"harm", "canary", 200, 403, 403},
             Case{"harm", "rolled_back", 200, 403, 403},
             Case{"safe", "rolled_back", 200, 403, 403},
             Case{"invalid", "canary", 403, 403, 403},
             Case{"undecided", "", 403, 403, 403},
             Case{"undecided", "promoted", 403, 403, 200},
         }) {
        rig.controller.set_verdict(verdict, status);
        EXPECT_EQ(core::Json::parse(rig.ask(get("/scale/v1/verdict")).body)["verdict"], verdict);
        const auto ask = [&](const char* webhook) {
            return rig.ask(post(std::string("/scale/v1/flagger/") + webhook, R"({"name":"x","phase":"Progressing"})"))
                .status;
        };
        EXPECT_EQ(ask("rollback"), rollback) << verdict << " " << status;
        EXPECT_EQ(ask("confirm-traffic-increase"), increase) << verdict << " " << status;
        EXPECT_EQ(ask("confirm-promotion"), promotion) << verdict << " " << status;
    }
    EXPECT_EQ(rig.ask(get("/scale/v1/flagger/rollback")).status, 405);
    EXPECT_EQ(rig.ask(post("/scale/v1/verdict", "")).status, 405);
}

TEST(Handoff, EvaluatesTheFlagAsOpenFeatureAsks) {
    GatewayRig rig;
    rig.controller.arm = Arm::candidate;
    rig.start();
    const std::string path = "/ofrep/v1/evaluate/flags/new-model";
    const auto found = core::Json::parse(rig.ask(post(path, R"({"context":{"targetingKey":"ann"}})")).body);
    EXPECT_EQ(found["key"], "new-model");
    EXPECT_EQ(found["value"], true);
    EXPECT_EQ(found["variant"], "candidate");
    EXPECT_EQ(found["reason"], "SPLIT");
    EXPECT_EQ(rig.controller.last_user(), "ann");
    for (const auto& [target, body, status, code] : {
             std::tuple{"/ofrep/v1/evaluate/flags/other", R"({"context":{"targetingKey":"ann"}})", 404,
                        "FLAG_NOT_FOUND"},
             std::tuple{path.c_str(), "{", 400, "PARSE_ERROR"},
             std::tuple{path.c_str(), R"({"context":1})", 400, "INVALID_CONTEXT"},
             std::tuple{path.c_str(), R"({"context":{}})", 400, "TARGETING_KEY_MISSING"},
         }) {
        const Message reply = rig.ask(post(target, body));
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(core::Json::parse(reply.body)["errorCode"], code);
    }
}

}  // namespace
}  // namespace scale::test

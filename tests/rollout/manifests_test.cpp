#include "rollout/handoff/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "rollout/assignment/assigner.h"

namespace scale::rollout {
namespace {

using core::Json;
using ::testing::HasSubstr;

RolloutPosition at_step(std::int64_t share_ppm, RolloutStatus status = RolloutStatus::canary) {
    RolloutPosition position;
    position.state.experiment = "candidate-12345678-abc";
    position.state.epoch = 4;
    position.state.status = status;
    position.share_ppm = share_ppm;
    position.steps = {50000, 100000, 255000, 500000};
    return position;
}

ManifestNames names() {
    ManifestNames names;
    names.name = "chat";
    names.storage_uri = "pvc://models/candidate.gguf";
    names.image = "llama-server:1";
    names.verdict_url = "http://scale:8080/scale/v1/verdict";
    return names;
}

std::vector<std::int64_t> weights(const Json& rollout) {
    std::vector<std::int64_t> found;
    for (const auto& step : rollout.at("spec").at("strategy").at("canary").at("steps"))
        if (step.contains("setWeight")) found.push_back(step.at("setWeight"));
    return found;
}

TEST(Manifests, RouteCarriesTheShareInPartsPerMillion) {
    const Json backends = http_route(at_step(1234), names()).at("spec").at("rules").at(0).at("backendRefs");
    EXPECT_EQ(backends.at(0).at("name"), "original");
    EXPECT_EQ(backends.at(0).at("weight"), 998766);
    EXPECT_EQ(backends.at(1).at("weight"), 1234);
}

TEST(Manifests, KServeTakesWholePercentsRoundedDown) {
    const auto percent = [](std::int64_t ppm) {
        return inference_service(at_step(ppm), names()).at("spec").at("predictor").at("canaryTrafficPercent");
    };
    EXPECT_EQ(percent(9999), 0);
    EXPECT_EQ(percent(259999), 25);
    EXPECT_EQ(percent(1000000), 100);
}

TEST(Manifests, ArgoGoesOnFromThePresentStepAndEndsWithTheProofOfSafety) {
    const auto objects = argo_rollout(at_step(100000), names());
    ASSERT_EQ(objects.size(), 3u);
    EXPECT_THAT(weights(objects[0]), ::testing::ElementsAre(10, 25, 50));
    const Json& canary = objects[0].at("spec").at("strategy").at("canary");
    EXPECT_EQ(canary.at("steps").back().at("analysis").at("templates").at(0).at("templateName"), "chat-safe");
    EXPECT_EQ(canary.at("analysis").at("templates").at(0).at("templateName"), "chat-harm");
    for (std::size_t i = 1; i < objects.size(); ++i)
        EXPECT_EQ(objects[i].at("spec").at("metrics").at(0).at("failureCondition"), "result.verdict == \"harm\"");
}

TEST(Manifests, ArgoGivesARolledBackCandidateNothingAndAPromotedOneEverything) {
    EXPECT_THAT(weights(argo_rollout(at_step(0, RolloutStatus::rolled_back), names())[0]), ::testing::ElementsAre(0));
    EXPECT_THAT(weights(argo_rollout(at_step(whole_ppm, RolloutStatus::promoted), names())[0]), ::testing::IsEmpty());
}

TEST(Manifests, RefuseNamesThatKubernetesRefuses) {
    for (const char* bad : {"", "Chat", "-chat", "chat-", "a.b", "a_b"}) {
        ManifestNames wrong = names();
        wrong.name = bad;
        EXPECT_THROW(http_route(at_step(1), wrong), core::Error) << bad;
    }
    ManifestNames incomplete = names();
    incomplete.storage_uri.clear();
    EXPECT_THROW(inference_service(at_step(1), incomplete), core::Error);
    incomplete.verdict_url.clear();
    EXPECT_THROW(argo_rollout(at_step(1), incomplete), core::Error);
}

TEST(Yaml, QuotesEveryStringAndNestsByIndentation) {
    const Json object = {{"a", "true"}, {"b", {{"c", {1, "x\ny"}}, {"d", Json::object()}}}};
    const std::string text = yaml_documents(std::vector<Json>(1, object));
    EXPECT_EQ(text,
              "---\n"
              "a: \"true\"\n"
              "b:\n"
              "  c:\n"
              "    - 1\n"
              "    - \"x\\ny\"\n"
              "  d: {}\n");
}

}  // namespace
}  // namespace scale::rollout

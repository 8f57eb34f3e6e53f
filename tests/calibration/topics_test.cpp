#include "calibration/topics.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scale::calibration {
namespace {

using testing::ElementsAre;

// Three vocabularies with a few common words; text i belongs to topic i % 3.
std::vector<std::string> three_topics(int count) {
    const std::vector<std::vector<std::string>> words{{"card", "payment", "refund", "bank", "transfer"},
                                                      {"flight", "airport", "luggage", "hotel", "ticket"},
                                                      {"recipe", "oven", "flour", "butter", "onion"}};
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) {
        const auto& topic = words[static_cast<std::size_t>(i % 3)];
        const auto word = [&](int k) { return topic[static_cast<std::size_t>(k % 5)]; };
        texts.push_back(fmt::format("please help me with the {} and the {} or {} today", word(i / 3), word(i / 15),
                                    word(i / 3 + 2)));
    }
    return texts;
}

std::vector<TopicVector> vectors_of(const std::vector<std::string>& texts) {
    DocumentFrequencies frequencies;
    for (const auto& text : texts) frequencies.add(text);
    std::vector<TopicVector> vectors;
    for (const auto& text : texts) vectors.push_back(topic_vector(text, frequencies));
    return vectors;
}

TEST(Topics, WordsAreLowerCaseRuns) {
    EXPECT_THAT(words_of("Don't PAY-2, über!"), ElementsAre("don", "t", "pay", "2",
                                                            "\xc3\xbc"
                                                            "ber"));
    EXPECT_TRUE(words_of(" ... ").empty());
    EXPECT_EQ(words_of(std::string(5000, 'a') + std::string(2000, ' ')).size(), 1u);
}

TEST(Topics, InverseDocumentFrequencyIsZeroForWordsOfEveryText) {
    DocumentFrequencies frequencies;
    for (int i = 0; i < 3; ++i) frequencies.add("same");
    const TopicVector vector = topic_vector("same", frequencies);
    for (const float value : vector) EXPECT_EQ(value, 0.0f);
}

TEST(Topics, FindsPlantedTopicsAndNamesThemByTheirWords) {
    const auto texts = three_topics(300);
    const auto clusters = cluster(vectors_of(texts), 3, 1);
    std::set<std::pair<int, int>> pairs;
    for (std::size_t i = 0; i < texts.size(); ++i) pairs.insert({static_cast<int>(i % 3), clusters[i]});
    EXPECT_EQ(pairs.size(), 3u) << "every planted topic is one cluster";
    const auto names = topic_names(
        clusters, [&](std::size_t i) { return texts[i]; }, 1000);
    ASSERT_EQ(names.size(), 3u);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 3u);
    for (const std::string& name : names) EXPECT_EQ(name.find("please"), std::string::npos) << name;
}

TEST(Topics, TheSameSeedGivesTheSameClusters) {
    const auto vectors = vectors_of(three_topics(200));
    EXPECT_EQ(cluster(vectors, 5, 9), cluster(vectors, 5, 9));
}

TEST(Topics, IdenticalTextsAreOneCluster) {
    const auto clusters = cluster(vectors_of(std::vector<std::string>(100, "hello")), 4, 1);
    EXPECT_EQ(clusters, std::vector<int>(100, 0));
    EXPECT_THAT(topic_names(
                    clusters, [](std::size_t) { return "hello"; }, 10),
                ElementsAre("all"));
}

TEST(Topics, ClustersAreNumberedBySize) {
    const auto clusters = cluster(vectors_of(three_topics(250)), 6, 3);
    const int k = *std::max_element(clusters.begin(), clusters.end()) + 1;
    for (int c = 1; c < k; ++c)
        EXPECT_GE(std::count(clusters.begin(), clusters.end(), c - 1), std::count(clusters.begin(), clusters.end(), c));
    EXPECT_GT(std::count(clusters.begin(), clusters.end(), k - 1), 0);
}

TEST(Topics, CountGrowsWithTheLogUpToEight) {
    EXPECT_EQ(topic_count(10), 1);
    EXPECT_EQ(topic_count(160), 4);
    EXPECT_EQ(topic_count(1000000), max_topics);
}

}  // namespace
}  // namespace scale::calibration

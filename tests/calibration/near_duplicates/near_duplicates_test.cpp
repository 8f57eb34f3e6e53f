#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/evaluation_texts.h"
#include "calibration/near_duplicates/clusters.h"
#include "calibration/near_duplicates/template_words.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"

namespace scale::calibration {
namespace {

std::string random_words(core::Random& random, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        for (int k = 0; k < 6; ++k) text += static_cast<char>('a' + random.below(26));
        text += ' ';
    }
    return text;
}

std::set<std::string> grams(const std::string& text) {
    std::set<std::string> all;
    for (std::size_t i = 0; i + 5 <= text.size(); ++i) all.insert(text.substr(i, 5));
    return all;
}

double jaccard(const std::string& a, const std::string& b) {
    const auto one = grams(a);
    const auto two = grams(b);
    double both = 0;
    for (const auto& gram : one) both += two.count(gram) > 0 ? 1 : 0;
    return both / (static_cast<double>(one.size() + two.size()) - both);
}

TEST(MinHash, EstimatesTheJaccardSimilarityWithoutBias) {
    core::Random random(3);
    double error = 0;
    double squared = 0;
    const int pairs = 400;
    for (int i = 0; i < pairs; ++i) {
        // From a tenth to all of the text is shared; some are shorter than there are bins.
        const int words = 4 + static_cast<int>(random.below(60));
        const int shared = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(words)));
        std::string common = random_words(random, shared);
        std::string a = common + random_words(random, words - shared);
        std::string b = common + random_words(random, words - shared);
        a.pop_back();
        b.pop_back();
        const double off = similarity(signature_of(a), signature_of(b)) - jaccard(a, b);
        error += off / pairs;
        squared += off * off / pairs;
    }
    EXPECT_LT(std::abs(error), 0.01);  // four standard errors
    EXPECT_LT(squared, 0.06 * 0.06);
}

TEST(MinHash, CaseAndSpacesDoNotCount) {
    EXPECT_EQ(similarity(signature_of("Where is  my CARD?\n"), signature_of("where is my card?")), 1.0);
    EXPECT_EQ(similarity(signature_of("ab"), signature_of("AB")), 1.0);
    EXPECT_LT(similarity(signature_of(""), signature_of("where is my card?")), 0.1);
    EXPECT_EQ(similarity(signature_of("我的卡在哪里呢"), signature_of("我的卡在哪里呢")), 1.0);
}

TEST(Clusters, JoinNearDuplicatesAndNothingElse) {
    core::Random random(5);
    std::vector<Signature> signatures;
    for (int i = 0; i < 300; ++i) {
        const std::string text = random_words(random, 30);
        signatures.push_back(signature_of(text));
        signatures.push_back(signature_of("please " + text));  // similarity about 0.96
        signatures.push_back(signature_of(random_words(random, 30)));
    }
    const auto clusters = near_duplicate_clusters(signatures);
    for (std::size_t i = 0; i < signatures.size(); i += 3) {
        EXPECT_EQ(clusters[i], i);
        EXPECT_EQ(clusters[i + 1], i);
        EXPECT_EQ(clusters[i + 2], i + 2);
    }
}

TEST(TemplateWords, WhatManyRequestsShareIsLeftOut) {
    core::Random random(9);
    TemplateWords templates;
    const std::string around = "Translate the following text into French, and keep names: ";
    std::vector<std::string> inner;
    for (int i = 0; i < 200; ++i) {
        inner.push_back(random_words(random, 8));
        templates.add(around + inner.back());
    }
    // A few words at the seam belong to runs that are rare.
    const std::string rest = templates.without_template(around + inner[0]);
    EXPECT_THAT(rest, testing::HasSubstr(inner[0]));
    EXPECT_THAT(rest, testing::Not(testing::HasSubstr("Translate")));
    EXPECT_EQ(templates.without_template(around), around) << "nothing would be left";
    EXPECT_LT(similarity(signature_of(templates.without_template(around + inner[0])),
                         signature_of(templates.without_template(around + inner[1]))),
              0.3);
}

TEST(HashedWords, SplitScriptsWithoutSpaces) {
    EXPECT_EQ(hashed_words("Wo ist mein Zug?", 100).size(), 4u);
    EXPECT_EQ(hashed_words("我的卡。", 100).size(), 3u);
    EXPECT_EQ(hashed_words("где мой поезд", 100).size(), 3u);
    EXPECT_EQ(hashed_words("a b c d", 2).size(), 2u);
    EXPECT_EQ(hashed_words("CARD", 9)[0].hash, hashed_words("card", 9)[0].hash);
}

TEST(EvaluationTexts, FindSharedRunsOfWordsOnly) {
    EvaluationTexts texts;
    EXPECT_EQ(texts.overlap("anything at all"), "");
    const std::string item =
        "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many?";
    texts.add("gsm8k", item);
    texts.add("short", "Write a song about seven green frogs.");
    texts.add("too short", "What is this?");
    EXPECT_EQ(texts.overlap("Please solve: " + item), "gsm8k");
    EXPECT_EQ(texts.overlap("natalia sold clips to 48 of her friends in april and then she -- well"), "gsm8k");
    EXPECT_EQ(texts.overlap("Natalia sold clips to 48 of her friends in April, and then we left."), "");
    EXPECT_EQ(texts.overlap("He said: write a song, about seven green frogs!"), "short");
    EXPECT_EQ(texts.overlap("What is this?"), "");
}

TEST(EvaluationTexts, ReadsFilesOfEveryKind) {
    const core::TemporaryFolder folder;
    const auto write = [&](const std::string& name, const std::string& bytes) {
        core::write_file_atomic(folder.path() / name, bytes);
        EvaluationTexts texts;
        texts.add_file(folder.path() / name);
        return texts;
    };
    const std::string words = "one two three four five six seven";
    EXPECT_EQ(write("a.jsonl", "{\"q\":\"x\"}\n{\"q\":{\"r\":[\"" + words + "\"]}}\n").overlap(words), "a.jsonl");
    EXPECT_EQ(write("b.json", "[{\"q\":\"" + words + "\"}]").overlap(words), "b.json");
    EXPECT_EQ(write("c.txt", "x\n" + words + "\n").overlap(words), "c.txt");
    EXPECT_THROW(EvaluationTexts().add_file(folder.path() / "none"), core::Error);
}

}  // namespace
}  // namespace scale::calibration

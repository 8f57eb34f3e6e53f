#include "engine/session.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

// Nats. The engine rounds inputs and the cache to half precision, differently for passes of different shapes and by CPU
// (0.009 seen); a wrong position or sequence shifts these random tokens by whole nats.
constexpr double tolerance = 0.03;

class SessionTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        model_.emplace(*path);
    }

    std::vector<Token> random_tokens(std::size_t count) {
        std::vector<Token> tokens(count);
        for (Token& token : tokens)
            token = static_cast<Token>(random_.below(static_cast<std::uint64_t>(model_->vocabulary())));
        return tokens;
    }

    // The plain way: prompt and continuation as one text.
    std::vector<double> whole(const std::vector<Token>& prompt, const std::vector<Token>& continuation) {
        std::vector<Token> tokens = prompt;
        tokens.insert(tokens.end(), continuation.begin(), continuation.end());
        Session session(*model_, {.context = 512});
        std::vector<double> result;
        session.logits(tokens, prompt.size() - 1, [&](std::size_t position, std::span<const float> row) {
            if (position + 1 < tokens.size()) result.push_back(log_probability(row, tokens[position + 1]));
        });
        return result;
    }

    void expect_right(const ChoiceItem& item, const ChoiceScores& scores) {
        ASSERT_EQ(scores.size(), item.continuations.size());
        for (std::size_t c = 0; c < scores.size(); ++c) {
            const auto expected = whole(item.prompt, item.continuations[c]);
            ASSERT_EQ(scores[c].size(), expected.size());
            for (std::size_t t = 0; t < expected.size(); ++t) EXPECT_NEAR(scores[c][t], expected[t], tolerance);
        }
    }

    ChoiceItem random_item(std::size_t prompt, std::vector<std::size_t> lengths) {
        ChoiceItem item{random_tokens(prompt), {}};
        for (const std::size_t length : lengths) item.continuations.push_back(random_tokens(length));
        return item;
    }

    std::optional<Model> model_;
    core::Random random_{17};
};

TEST_F(SessionTest, RowsAreTheSameInOnePassAndInMany) {
    const auto tokens = random_tokens(100);
    std::vector<double> one, many;
    const auto into = [&](std::vector<double>& values) {
        return [&](std::size_t position, std::span<const float> row) {
            ASSERT_EQ(row.size(), static_cast<std::size_t>(model_->vocabulary()));
            values.push_back(log_probability(row, tokens[(position + 1) % tokens.size()]));
        };
    };
    Session(*model_, {.context = 128, .batch = 128}).logits(tokens, 10, into(one));
    Session(*model_, {.context = 128, .batch = 32}).logits(tokens, 10, into(many));
    ASSERT_EQ(one.size(), 90u);
    ASSERT_EQ(many.size(), 90u);
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], many[i], tolerance);
}

TEST_F(SessionTest, ProbabilitiesSumToOne) {
    const auto tokens = random_tokens(3);
    Session(*model_, {.context = 128}).logits(tokens, 2, [&](std::size_t, std::span<const float> row) {
        double sum = 0;
        for (Token token = 0; token < model_->vocabulary(); ++token) sum += std::exp(log_probability(row, token));
        EXPECT_NEAR(sum, 1.0, 1e-9);
    });
}

TEST_F(SessionTest, ContinuationsEqualTheWholeText) {
    Session session(*model_, {.context = 256, .sequences = 5, .batch = 64});
    const ChoiceItem item = random_item(40, {1, 4, 2, 7});
    expect_right(item, session.continuation_log_probabilities(item.prompt, item.continuations));
}

TEST_F(SessionTest, ContinuationsEqualTheWholeTextInRoundsAndSmallBatches) {
    for (const int sequences : {1, 2, 3}) {
        Session session(*model_, {.context = 256, .sequences = sequences, .batch = 16});
        const ChoiceItem item = random_item(50, {3, 1, 5, 2, 0, 4, 1});
        expect_right(item, session.continuation_log_probabilities(item.prompt, item.continuations));
    }
}

TEST_F(SessionTest, PromptsThatShareABeginningAreRightInARow) {
    Session session(*model_, {.context = 256, .sequences = 4, .batch = 128});
    const auto document = random_tokens(60);
    for (const std::size_t kept : {60, 40, 60, 1, 0}) {
        ChoiceItem item = random_item(5, {2, 3});
        item.prompt.insert(item.prompt.begin(), document.begin(), document.begin() + static_cast<long>(kept));
        expect_right(item, session.continuation_log_probabilities(item.prompt, item.continuations));
        expect_right(item, session.continuation_log_probabilities(item.prompt, item.continuations));
    }
}

TEST_F(SessionTest, ManyItemsInAPassEqualTheWholeText) {
    for (const int sequences : {1, 2, 9}) {
        Session session(*model_, {.context = 128, .sequences = sequences, .batch = 96});
        const auto beginning = random_tokens(6);
        std::vector<ChoiceItem> items;
        for (std::size_t i = 0; i < 12; ++i) {
            items.push_back(random_item(
                3 + 7 * i, i % 3 == 0 ? std::vector<std::size_t>{1, 1} : std::vector<std::size_t>{2, 4, 1}));
            if (i < 9) items.back().prompt.insert(items.back().prompt.begin(), beginning.begin(), beginning.end());
        }
        items.push_back(items.back());  // a prompt that equals the one before
        std::size_t done = 0;
        const auto scores = session.score_items(items, [&](std::size_t count) { done = count; });
        ASSERT_EQ(scores.size(), items.size());
        EXPECT_EQ(done, items.size());
        for (std::size_t i = 0; i < items.size(); ++i) expect_right(items[i], scores[i]);
    }
}

TEST_F(SessionTest, RefusesWhatDoesNotFit) {
    EXPECT_THROW(Session(*model_, {.context = model_->trained_context() + 1}), core::Error);
    EXPECT_THROW(Session(*model_, {.context = 0}), core::Error);
    EXPECT_THROW(Session(*model_, {.context = 64, .sequences = 100000}), core::Error);
    Session session(*model_, {.context = 64});
    EXPECT_THROW(session.logits(random_tokens(65), 0, [](std::size_t, std::span<const float>) {}), core::Error);
    EXPECT_THROW(session.continuation_log_probabilities({}, {{1}}), core::Error);
    EXPECT_THROW(session.continuation_log_probabilities(random_tokens(60), {random_tokens(5)}), core::Error);
    const std::vector<Token> bad = {-1};
    EXPECT_THROW(session.logits(bad, 0, [](std::size_t, std::span<const float>) {}), core::Error);
}

TEST_F(SessionTest, GeneratesWhatTheLogitsSay) {
    const auto prompt = model_->tokenize("Once upon a time", true, false);
    Session session(*model_, {.context = 128});
    const auto generated = session.generate(prompt, 12);
    EXPECT_EQ(session.generate(prompt, 12), generated);
    EXPECT_LE(generated.size(), 12u);
    std::vector<Token> tokens = prompt;
    tokens.insert(tokens.end(), generated.begin(), generated.end());
    session.logits(tokens, prompt.size() - 1, [&](std::size_t position, std::span<const float> row) {
        if (position + 1 == tokens.size()) return;
        const double chosen = row[static_cast<std::size_t>(tokens[position + 1])];
        EXPECT_NEAR(chosen, *std::max_element(row.begin(), row.end()), tolerance);
    });
    EXPECT_TRUE(session.generate(prompt, 0).empty());
}

// Several answers at once, more of them than slots, with and without a shared beginning: each is one that the logits of
// its own text allow, and a limit of its own ends it.
TEST_F(SessionTest, GeneratesManyAnswersTogether) {
    const auto story = model_->tokenize("Once upon a time there was a king who had three daughters.", true, false);
    std::vector<GenerationItem> items;
    for (const char* ending : {" The first", " The second of them", " The first", " He"}) {
        items.push_back({story, 5 + static_cast<int>(items.size())});
        for (const Token token : model_->tokenize(ending, false, false)) items.back().prompt.push_back(token);
    }
    items.push_back({model_->tokenize("What say you?", true, false), 9});
    items.push_back({random_tokens(60), 30});  // fills the context
    for (const int sequences : {1, 2, 4}) {
        Session session(*model_, {.context = 64, .sequences = sequences, .batch = 48});
        std::size_t reported = 0;
        const auto written = session.generate_all(items, [&](std::size_t done) { reported = done; });
        ASSERT_EQ(written.size(), items.size());
        EXPECT_EQ(reported, items.size());
        Session plain(*model_, {.context = 128});
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto& answer = written[i].tokens;
            ASSERT_LE(answer.size(), static_cast<std::size_t>(items[i].limit));
            if (!written[i].ended && i != 5) {
                EXPECT_EQ(answer.size(), static_cast<std::size_t>(items[i].limit));
            }
            std::vector<Token> whole = items[i].prompt;
            whole.insert(whole.end(), answer.begin(), answer.end());
            plain.logits(whole, items[i].prompt.size() - 1, [&](std::size_t position, std::span<const float> row) {
                if (position + 1 == whole.size()) return;
                const double chosen = row[static_cast<std::size_t>(whole[position + 1])];
                EXPECT_NEAR(chosen, *std::max_element(row.begin(), row.end()), 10 * tolerance);
            });
        }
        EXPECT_LE(written[5].tokens.size(), 5u);
    }
    Session session(*model_, {.context = 64, .sequences = 2});
    EXPECT_THROW(session.generate_all(std::vector<GenerationItem>{{{}, 4}}), core::Error);
    EXPECT_THROW(session.generate_all(std::vector<GenerationItem>{{story, 0}}), core::Error);
    EXPECT_TRUE(session.generate_all({}).empty());
}

TEST(LogProbability, ByHand) {
    const std::vector<float> row = {0.0f, std::log(3.0f)};
    EXPECT_NEAR(log_probability(row, 0), std::log(0.25), 1e-7);
    EXPECT_NEAR(log_probability(row, 1), std::log(0.75), 1e-7);
    const std::vector<float> huge = {1000.0f, 0.0f};
    EXPECT_NEAR(log_probability(huge, 0), 0.0, 1e-12);
    EXPECT_NEAR(log_probability(huge, 1), -1000.0, 1e-9);
}

}  // namespace
}  // namespace scale::engine

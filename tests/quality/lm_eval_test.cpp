// lm-evaluation-harness samples: what is read, and what is refused by name.
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "quality/lm_eval/import.h"

namespace scale::quality {
namespace {

// A line as lm-eval 0.4 writes it, less what is not read.
std::string line(int id, double score, const std::string& filter = "none", const std::string& prompt_hash = "p") {
    return core::canonical({{"doc_id", id},
                            {"doc", {{"question", "q"}}},
                            {"target", "1"},
                            {"filter", filter},
                            {"metrics", {"exact_match"}},
                            {"doc_hash", fmt::format("d{}", id)},
                            {"prompt_hash", prompt_hash},
                            {"exact_match", score}}) +
           "\n";
}

class LmEval : public testing::Test {
  protected:
    void write(const std::string& arm, const std::string& lines,
               const std::string& name = "samples_gsm8k_2026-11-24T20-10-26.990856.jsonl") {
        std::filesystem::create_directories(folder_.path() / arm / "model");
        core::write_file_atomic(folder_.path() / arm / "model" / name, lines);
    }
    std::vector<ImportedScore> read(const std::string& declaration = "gsm8k exact_match none 3") {
        return read_samples(folder_.path() / "a", folder_.path() / "b", {parse_import(declaration)});
    }
    std::string refusal(const std::string& declaration = "gsm8k exact_match none 3") {
        try {
            read(declaration);
        } catch (const core::Error& error) {
            return error.what();
        }
        return "";
    }
    core::TemporaryFolder folder_;
};

TEST_F(LmEval, PairsByDocumentWhateverTheOrder) {
    write("a", line(0, 1) + line(1, 0) + line(0, 0, "strict-match") + line(1, 0, "strict-match"));
    write("b", line(1, 1) + line(0, 1));
    write("a", line(7, 1), "samples_gsm8k_cot_2026-11-24T20-10-26.990856.jsonl");  // another task
    const auto scores = read();
    ASSERT_EQ(scores.size(), 2u);
    EXPECT_EQ(scores[0].task, "gsm8k");
    EXPECT_EQ(scores[0].original, 1);
    EXPECT_EQ(scores[1].original, 0);
    EXPECT_EQ(scores[1].candidate, 1);
}

TEST_F(LmEval, RefusesWhatIsNotTheSameRun) {
    write("a", line(0, 1) + line(1, 1));
    write("b", line(0, 1) + line(1, 1, "none", "other prompt"));
    EXPECT_NE(refusal().find("prompt_hash of document 1"), std::string::npos) << refusal();
    write("b", line(0, 1));
    EXPECT_NE(refusal().find("2 documents with the original, 1"), std::string::npos) << refusal();
    write("b", line(0, 1) + line(0, 1));
    EXPECT_NE(refusal().find("occurs twice"), std::string::npos) << refusal();
    write("b", line(0, 1) + line(2, 1));
    EXPECT_NE(refusal().find("no document 1"), std::string::npos) << refusal();
}

TEST_F(LmEval, NamesTheMetricsFiltersAndFilesThatAreThere) {
    write("a", line(0, 1));
    write("b", line(0, 1));
    EXPECT_NE(refusal("gsm8k acc none 3").find("no metric 'acc'"), std::string::npos);
    EXPECT_NE(refusal("gsm8k exact_match strict-match 3").find("filter 'strict-match'"), std::string::npos);
    EXPECT_NE(refusal("mmlu acc none 3").find("holds 0 files samples_mmlu_"), std::string::npos);
    write("a", line(0, 1), "samples_gsm8k_2026-11-25T00-00-00.000000.jsonl");
    EXPECT_NE(refusal().find("holds 2 files"), std::string::npos);
}

TEST(Imports, AreDeclaredWithMetricFilterAndMargin) {
    const auto suite = parse_import("wiki word_perplexity none 0.5 smaller");
    EXPECT_EQ(suite.metric, "word_perplexity");
    EXPECT_EQ(suite.margin, 0.5);
    EXPECT_TRUE(suite.smaller);
    for (const char* wrong : {"gsm8k", "gsm8k exact_match none", "gsm8k exact_match none 0", "gsm8k exact_match none x",
                              "gsm8k exact_match none 3 larger", "gsm8k exact_match none 3 smaller x"})
        EXPECT_THROW(parse_import(wrong), core::Error) << wrong;
    EXPECT_THROW(parse_imports({"a m none 1", "a n none 1"}), core::Error);
}

}  // namespace
}  // namespace scale::quality

#include "quantize/checkpoint.h"

#include <gtest/gtest.h>

#include "core/file.h"

namespace scale::quantize {
namespace {

class CheckpointTest : public testing::Test {
  protected:
    Checkpoint after(std::uint64_t sequences) {
        Checkpoint checkpoint;
        checkpoint.sequences = sequences;
        checkpoint.tokens = sequences * 10;
        checkpoint.halves[0]["w"] = {{1.5, 2.5 + static_cast<double>(sequences)}, {sequences}};
        checkpoint.halves[1]["w"] = {{0.5, 1.5}, {sequences}};
        return checkpoint;
    }
    std::size_t files() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : core::fs::directory_iterator(folder_.path())) ++count;
        return count;
    }
    core::TemporaryFolder folder_;
    core::fs::path target_ = folder_.path() / "statistics.bin";
};

TEST_F(CheckpointTest, ReadsTheLastOneAndKeepsNoOther) {
    CheckpointFile file(target_, "f");
    EXPECT_EQ(file.load().sequences, 0u);
    file.save(after(16));
    file.save(after(32));
    const Checkpoint read = CheckpointFile(target_, "f").load();
    EXPECT_EQ(read.sequences, 32u);
    EXPECT_EQ(read.tokens, 320u);
    EXPECT_EQ(read.halves[0].at("w").sum_of_squares, (std::vector<double>{1.5, 34.5}));
    EXPECT_EQ(read.halves[1].at("w").sum_of_squares, (std::vector<double>{0.5, 1.5}));
    EXPECT_EQ(files(), 3u);
    file.remove();
    EXPECT_EQ(files(), 0u);
}

TEST_F(CheckpointTest, AnotherFingerprintStartsAnew) {
    CheckpointFile(target_, "model A").save(after(16));
    EXPECT_EQ(CheckpointFile(target_, "model B").load().sequences, 0u);
}

TEST_F(CheckpointTest, ADamagedOneStartsAnew) {
    CheckpointFile file(target_, "f");
    file.save(after(16));
    core::write_file_atomic(target_.string() + ".part-16-odd", "SCALE");
    EXPECT_EQ(file.load().sequences, 0u);
    file.save(after(16));
    core::write_file_atomic(target_.string() + ".progress", "{\"fingerprint\":\"f\"");
    EXPECT_EQ(file.load().sequences, 0u);
    file.save(after(16));
    core::fs::remove(target_.string() + ".part-16-even");
    EXPECT_EQ(file.load().sequences, 0u);
}

TEST_F(CheckpointTest, SumsWrittenBeforeTheNoteDoNotCount) {
    CheckpointFile file(target_, "f");
    file.save(after(16));
    engine::write_statistics(target_.string() + ".part-32-even", after(32).halves[0]);  // killed before the note
    EXPECT_EQ(file.load().sequences, 16u);
    file.save(after(48));
    EXPECT_EQ(files(), 3u);
}

}  // namespace
}  // namespace scale::quantize

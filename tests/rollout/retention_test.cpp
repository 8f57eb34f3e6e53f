// What is removed from the gateway's log, and what the next start still knows.
#include "rollout/checkpoint/retention.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/payload.h"
#include "record/reopened.h"
#include "record/store.h"
#include "rollout/checkpoint/log_keeper.h"
#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/control/live_log_reading.h"
#include "support/checkpoint_stream.h"

namespace scale::rollout {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t far = 4'000'000'000'000;

class RetentionTest : public ::testing::Test {
  protected:
    void SetUp() override {
        for (int i = 0; i < 8; ++i) {
            const std::vector<Record> records = stream.records(150, "one");
            log.add_segment(records);
            ends.push_back(std::visit([](const auto& record) { return record.time_ms; }, records.back()));
        }
    }
    LogKeeperOptions options(const std::string& experiment = "one") {
        LogKeeperOptions options;
        options.log_folder = log.folder();
        options.monitor = stream_options();
        options.limits = stream_limits;
        options.experiment = experiment;
        options.started_ms = 1;
        options.keep_days = 1;
        options.now_ms = [this] { return now_ms; };
        options.read_before_ms = [this] { return read_ms; };
        return options;
    }
    std::vector<std::uint64_t> numbers() const {
        std::vector<std::uint64_t> found;
        for (const auto& segment : record::segments_of(log.folder())) found.push_back(record::segment_number(segment));
        return found;
    }
    void expect_whole_evidence() {
        EvidenceBook book(stream_options(), "one", stream_limits);
        EXPECT_EQ(rebuild_evidence(log.folder(), book).problem, "");
        EvidenceBook whole = log.whole_replay("one");
        EXPECT_TRUE(state_of(book) == state_of(whole));
    }

    core::TemporaryFolder folder;
    StreamLog log{folder.path() / "log"};
    Stream stream{7};
    std::vector<std::int64_t> ends;  // the last record's time of each segment
    std::int64_t now_ms = far;
    std::int64_t read_ms = far;
};

TEST_F(RetentionTest, RemovesWhatTwoCheckpointsCover) {
    LogKeeper keeper(options());
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().size(), 8u) << "no checkpoint";
    keeper.checkpoint(4);
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().size(), 8u) << "one may be lost";
    EXPECT_THAT(keeper.status()["held"], HasSubstr("no second checkpoint"));
    keeper.checkpoint(6);
    keeper.remove_old_segments();
    EXPECT_THAT(numbers(), ElementsAre(4, 5, 6, 7, 8));
    EXPECT_EQ(keeper.status()["removed"], 3);
    expect_whole_evidence();
    fs::remove(checkpoint_path(log.folder(), 6));
    expect_whole_evidence();
    LogKeeper(options()).checkpoint(7);
    expect_whole_evidence();
}

TEST_F(RetentionTest, IsOffByDefault) {
    LogKeeperOptions kept = options();
    kept.keep_days = LogKeeperOptions().keep_days;
    LogKeeper keeper(kept);
    keeper.checkpoint(4);
    keeper.checkpoint(6);
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().size(), 8u);
}

TEST_F(RetentionTest, KeepsWhatIsYoung) {
    LogKeeper keeper(options());
    keeper.checkpoint(6);
    keeper.checkpoint(7);
    now_ms = ends[2] + 86'400'000;
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().front(), 3u);
    EXPECT_EQ(keeper.status()["held"], "");
}

TEST_F(RetentionTest, KeepsWhatStageAHasNotRead) {
    LogKeeper keeper(options());
    keeper.checkpoint(6);
    keeper.checkpoint(7);
    read_ms = 0;
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().size(), 8u);
    EXPECT_THAT(keeper.status()["held"], HasSubstr("stage A has not read segment 1"));
    read_ms = ends[1] + 1;
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().front(), 3u);
}

TEST_F(RetentionTest, KeepsWhatIsNotPacked) {
    LogKeeper keeper(options());
    keeper.checkpoint(6);
    keeper.checkpoint(7);
    std::string text;
    const fs::path packed = record::packed_path(record::segment_path(log.folder(), 3));
    record::PackedSegment(packed).for_each_block([&](std::string_view block) { text += block; });
    core::write_file_atomic(record::segment_path(log.folder(), 3), text);
    fs::remove(packed);
    keeper.remove_old_segments();
    EXPECT_EQ(numbers().front(), 3u);
    EXPECT_THAT(keeper.status()["held"], HasSubstr("segment 3 is not packed"));
}

TEST_F(RetentionTest, KilledWhileRemovingLeavesALogWithoutAGap) {
    LogKeeper(options()).checkpoint(5);
    LogKeeper(options()).checkpoint(7);
    const pid_t child = ::fork();
    if (child == 0) {
        LogKeeperOptions killed = options();
        int left = 3;
        killed.before_step = [&left](const char*) {
            if (--left == 0) ::_exit(42);
        };
        LogKeeper(killed).remove_old_segments();
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 42);
    EXPECT_THAT(numbers(), ElementsAre(3, 4, 5, 6, 7, 8));
    expect_whole_evidence();
    LogKeeper(options()).remove_old_segments();
    EXPECT_EQ(numbers().front(), 5u);
    expect_whole_evidence();
}

TEST_F(RetentionTest, WithoutACheckpointNobodyKnowsTheEvidenceOfAPrunedLog) {
    LogKeeper keeper(options());
    keeper.checkpoint(4);
    keeper.checkpoint(6);
    keeper.remove_old_segments();
    for (const auto& file : checkpoints_of(log.folder())) fs::remove(file);
    EvidenceBook book(stream_options(), "one", stream_limits);
    RebuildOptions since;
    since.started_ms = ends[0];
    EXPECT_THAT(rebuild_evidence(log.folder(), book, since).problem, HasSubstr("begins with segment 4"));
    since.started_ms = ends[5];
    EXPECT_EQ(rebuild_evidence(log.folder(), book, since).problem, "") << "it began in a segment that is there";
    // A checkpoint of what is left is none of the experiment's evidence, but the next one may go on from it.
    LogKeeper(options()).checkpoint(7);
    since.started_ms = ends[0];
    const RebuiltEvidence open = rebuild_evidence(log.folder(), book, since);
    EXPECT_EQ(open.checkpoint, 0u);
    EXPECT_NE(open.problem, "");
    EvidenceBook older(stream_options(), "before", stream_limits);
    EXPECT_NE(rebuild_evidence(log.folder(), older, since).problem, "") << "it may have had requests in what is gone";
    EvidenceBook next(stream_options(), "two", stream_limits);
    since.started_ms = ends[7];
    EXPECT_EQ(rebuild_evidence(log.folder(), next, since).checkpoint, 7u);
}

TEST_F(RetentionTest, AMissingSegmentIsNoEvidenceEither) {
    fs::remove(record::packed_path(record::segment_path(log.folder(), 5)));
    EvidenceBook book(stream_options(), "one", stream_limits);
    EXPECT_THAT(rebuild_evidence(log.folder(), book).problem, HasSubstr("segment 5 of the log is missing"));
}

TEST(StageA, HasReadWhatItsSetsAndChecksSay) {
    const core::TemporaryFolder folder;
    record::Store store(folder.path());
    const auto read = [&] { return read_by_stage_a_ms(store.read()); };
    const auto add = [&](const char* kind, const core::Json& payload) {
        store.append({record::Stage::calibration, kind, {}, payload});
    };
    EXPECT_EQ(read(), 0) << "without a set nobody knows what will be read";
    add(record::kind::calibration_set, {{"created_at", "2026-01-02T00:00:00.000Z"}});
    const std::int64_t assembled = 1'767'312'000'000;
    EXPECT_EQ(read(), assembled);
    add(record::kind::traffic_check, {{"verdict", "keep"}});
    EXPECT_EQ(read(), assembled) << "a check of another log";
    add(record::kind::traffic_check, {{"verdict", "keep"}, {"live_until_ms", assembled + 5000}});
    EXPECT_EQ(read(), assembled + 5000);
    add(record::kind::reopened, {{"parts", {"engine (was 1, is 2)"}}});
    EXPECT_EQ(read(), assembled + 5000);
    add(record::kind::reopened, {{"parts", {"traffic (x)"}}, {"traffic_log", "log"}, {"since_ms", assembled - 9000}});
    EXPECT_EQ(read(), assembled - 9000) << "the next set is drawn from there";
    add(record::kind::constraint, {{"kind", "memory"}});
    EXPECT_EQ(read(), assembled - 9000);
    add(record::kind::calibration_set, {{"created_at", "2026-01-03T00:00:00.000Z"}});
    EXPECT_EQ(read(), assembled + 86'400'000);
}

}  // namespace
}  // namespace scale::rollout

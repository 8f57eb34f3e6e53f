// A restart from a checkpoint knows what a replay of the whole log knows, or says that it cannot.
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "rollout/checkpoint/log_keeper.h"
#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/replica/local_evidence.h"
#include "support/checkpoint_stream.h"

namespace scale::rollout {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

LogKeeperOptions keeper_options(const fs::path& folder, const std::string& experiment) {
    LogKeeperOptions options;
    options.log_folder = folder;
    options.monitor = stream_options();
    options.limits = stream_limits;
    options.experiment = experiment;
    options.now_ms = [] { return std::int64_t{1'900'000'000'000}; };
    return options;
}

EvidenceBook book_of(const std::string& experiment, const MonitorOptions& options = stream_options()) {
    return EvidenceBook(options, experiment, stream_limits);
}

class CheckpointTest : public ::testing::Test {
  protected:
    RebuiltEvidence expect_same_as_whole_replay(const std::string& experiment, const std::string& when = "") {
        EvidenceBook book = book_of(experiment);
        const RebuiltEvidence rebuilt = rebuild_evidence(log.folder(), book);
        EvidenceBook whole = log.whole_replay(experiment);
        EXPECT_EQ(rebuilt.problem, "") << when;
        EXPECT_EQ(book.live_json(true), whole.live_json(true)) << when;
        EXPECT_EQ(book.monitor().to_json(), whole.monitor().to_json()) << when;
        EXPECT_TRUE(state_of(book) == state_of(whole)) << when;
        return rebuilt;
    }
    void fill(std::uint64_t seed, int segments = 6) {
        Stream stream(seed);
        for (int i = 0; i < segments; ++i) log.add_segment(stream.records(150, "one"));
    }

    core::TemporaryFolder folder;
    StreamLog log{folder.path() / "log"};
};

TEST_F(CheckpointTest, WithTheTailIsTheWholeReplayAtEveryBoundary) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const core::TemporaryFolder fresh;
        log = StreamLog(fresh.path() / "log");
        Stream stream(seed);
        for (int i = 0; i < 8; ++i) {
            log.add_segment(stream.records(40 + static_cast<int>(seed) * 30, "one"));
            if (log.segments() < 2) continue;
            LogKeeper(keeper_options(log.folder(), "one")).checkpoint(log.segments() - 1);
            const std::string when = fmt::format("seed {}, {} segments", seed, log.segments());
            EXPECT_EQ(expect_same_as_whole_replay("one", when).checkpoint, log.segments() - 1);
        }
        EvidenceBook whole = log.whole_replay("one");
        EXPECT_GT(whole.monitor().counts(Arm::candidate).units, 5u);
        EXPECT_GT(whole.monitor().counts(Arm::original).events.at("thumbs_down"), 2u);
        EXPECT_FALSE(whole.open().empty());
    }
}

// The second begins in a segment where requests of the first are still under way.
TEST_F(CheckpointTest, OfOneRolloutServesTheNextInTheSameLog) {
    for (std::uint64_t seed = 21; seed <= 26; ++seed) {
        const core::TemporaryFolder fresh;
        log = StreamLog(fresh.path() / "log");
        Stream stream(seed);
        for (int i = 0; i < 3; ++i) log.add_segment(stream.records(150, "one"));
        LogKeeper(keeper_options(log.folder(), "one")).checkpoint(2);
        auto both = stream.records(60, "one");
        const auto later = stream.records(60, "two");
        both.insert(both.end(), later.begin(), later.end());
        log.add_segment(both);
        EXPECT_EQ(expect_same_as_whole_replay("two", "from the first's checkpoint").checkpoint, 2u);
        log.add_segment(stream.records(150, "two"));
        LogKeeper(keeper_options(log.folder(), "two")).checkpoint(4);
        EXPECT_EQ(expect_same_as_whole_replay("two").checkpoint, 4u);
        const RebuiltEvidence first = expect_same_as_whole_replay("one", "back again");
        EXPECT_EQ(first.checkpoint, 2u) << "what the second's checkpoint knows of the first is not enough";
        EXPECT_THAT(first.passed_over, ElementsAre(HasSubstr("has requests in it")));
        EXPECT_EQ(expect_same_as_whole_replay("three").checkpoint, 4u);
    }
}

TEST_F(CheckpointTest, OfOtherSettingsIsPassedOver) {
    fill(31);
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(4);
    MonitorOptions other = stream_options();
    other.guardrails.emplace_back("escalation");
    EvidenceBook book = book_of("one", other);
    const RebuiltEvidence rebuilt = rebuild_evidence(log.folder(), book);
    EXPECT_EQ(rebuilt.checkpoint, 0u);
    EXPECT_THAT(rebuilt.passed_over, ElementsAre(HasSubstr("the settings differ")));
    EXPECT_EQ(rebuilt.problem, "");
    EvidenceBook whole = log.whole_replay("one", other);
    EXPECT_TRUE(state_of(book) == state_of(whole));
    EvidenceBook next = book_of("two", other);  // whose evidence is empty there, whatever its settings
    EXPECT_EQ(rebuild_evidence(log.folder(), next).checkpoint, 4u);
}

TEST_F(CheckpointTest, DamagedMeansTheOlderOneOrTheWholeLog) {
    fill(32);
    LogKeeper keeper(keeper_options(log.folder(), "one"));
    keeper.checkpoint(2);
    keeper.checkpoint(4);
    const fs::path newest = checkpoint_path(log.folder(), 4);
    const std::string whole = core::read_file(newest);
    EXPECT_EQ(expect_same_as_whole_replay("one").checkpoint, 4u);
    for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 60) {
        core::write_file_atomic(newest, whole.substr(0, at));
        EXPECT_EQ(expect_same_as_whole_replay("one", fmt::format("cut at {}", at)).checkpoint, 2u);
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        core::write_file_atomic(newest, flipped);
        EXPECT_EQ(expect_same_as_whole_replay("one", fmt::format("flipped at {}", at)).checkpoint, 2u);
    }
    core::write_file_atomic(newest, core::read_file(checkpoint_path(log.folder(), 2)));
    EXPECT_EQ(expect_same_as_whole_replay("one", "under another's name").checkpoint, 2u);
    for (const char* garbage : {"", "\n", "garbage", "00000000 {}\n"})
        for (const std::uint64_t segment : {2u, 4u})
            core::write_file_atomic(checkpoint_path(log.folder(), segment), garbage);
    const RebuiltEvidence rebuilt = expect_same_as_whole_replay("one", "none");
    EXPECT_EQ(rebuilt.checkpoint, 0u);
    EXPECT_EQ(rebuilt.passed_over.size(), 2u);
}

TEST_F(CheckpointTest, OfAnotherVersionIsPassedOver) {
    fill(33, 3);
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(2);
    const fs::path file = checkpoint_path(log.folder(), 2);
    const std::string whole = core::read_file(file);
    const auto end = whole.find('\n');
    core::Json head = core::parse_json(whole.substr(record::frame_width, end - record::frame_width), "the head");
    head["version"] = checkpoint_version + 1;
    core::write_file_atomic(file, record::framed_line(core::canonical(head)) + whole.substr(end + 1));
    const RebuiltEvidence rebuilt = expect_same_as_whole_replay("one");
    EXPECT_EQ(rebuilt.checkpoint, 0u);
    EXPECT_THAT(rebuilt.passed_over, ElementsAre(HasSubstr("of version 2, this program writes 1")));
}

// The folder was moved away, a new log has grown in its place, and a checkpoint of the old one came back.
TEST_F(CheckpointTest, OfAnotherLogIsPassedOver) {
    fill(34);
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(3);
    const std::string old = core::read_file(checkpoint_path(log.folder(), 3));
    const core::TemporaryFolder fresh;
    log = StreamLog(fresh.path() / "log");
    fill(35);
    core::write_file_atomic(checkpoint_path(log.folder(), 3), old);
    const RebuiltEvidence rebuilt = expect_same_as_whole_replay("one");
    EXPECT_THAT(rebuilt.passed_over, ElementsAre(HasSubstr("not the one in the folder")));
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(4);
    EXPECT_FALSE(fs::exists(checkpoint_path(log.folder(), 3))) << "it would never be of use";
}

TEST_F(CheckpointTest, TheTwoNewestStay) {
    fill(36, 8);
    LogKeeper keeper(keeper_options(log.folder(), "one"));
    for (const std::uint64_t segment : {2u, 4u, 5u, 7u}) keeper.checkpoint(segment);
    EXPECT_THAT(checkpoints_of(log.folder()),
                ElementsAre(checkpoint_path(log.folder(), 7), checkpoint_path(log.folder(), 5)));
    EXPECT_EQ(keeper.status()["checkpoint"], 7);
    EXPECT_EQ(keeper.status()["checkpoint_bytes"], fs::file_size(checkpoint_path(log.folder(), 7)));
}

// Killed at any step, the next start has the older checkpoint or the new one, and the whole evidence.
class KilledCheckpoint : public CheckpointTest, public ::testing::WithParamInterface<std::pair<const char*, bool>> {};

TEST_P(KilledCheckpoint, LeavesOldOrNew) {
    const auto [step, is_new] = GetParam();
    fill(41);
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(2);
    const pid_t child = ::fork();
    if (child == 0) {
        LogKeeperOptions options = keeper_options(log.folder(), "one");
        options.before_step = [wanted = std::string(step)](const char* reached) {
            if (wanted == reached) ::_exit(42);
        };
        LogKeeper(options).checkpoint(4);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 42) << "the step was not reached";
    const RebuiltEvidence rebuilt = expect_same_as_whole_replay("one");
    EXPECT_EQ(rebuilt.checkpoint, is_new ? 4u : 2u);
    EXPECT_TRUE(rebuilt.passed_over.empty());
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(5);
    EXPECT_EQ(expect_same_as_whole_replay("one").checkpoint, 5u);
    for (const auto& entry : fs::directory_iterator(log.folder()))
        EXPECT_NE(entry.path().filename().string().front(), '.') << "what was left behind is gone";
}
INSTANTIATE_TEST_SUITE_P(Steps, KilledCheckpoint,
                         ::testing::Values(std::pair{"opened", false}, std::pair{"half written", false},
                                           std::pair{"written", false}, std::pair{"synced", false},
                                           std::pair{"renamed", true}, std::pair{"durable", true}));

TEST_F(CheckpointTest, ADiskThatRefusesLeavesTheOlderOne) {
    fill(42);
    LogKeeper keeper(keeper_options(log.folder(), "one"));
    keeper.checkpoint(2);
    fs::create_directory(log.folder() / ".checkpoint-4");
    EXPECT_THROW(keeper.checkpoint(4), core::Error);
    EXPECT_EQ(expect_same_as_whole_replay("one").checkpoint, 2u);
}

TEST_F(CheckpointTest, FollowsALogThatIsWrittenTo) {
    LogOptions options;
    options.folder = log.folder();
    options.segment_bytes = 4000;
    SegmentLog live(options);
    LogKeeperOptions keeping = keeper_options(log.folder(), "one");
    keeping.every = 2;
    const LogKeeper keeper(keeping, live);
    Stream stream(43);
    std::vector<Record> all = stream.records(600, "one");
    for (const Record& record : all) live.wait_committed(live.append(record).sequence);
    for (int i = 0;
         i < 500 && keeper.status()["checkpoint"].get<std::uint64_t>() + keeping.every < live.figures().segment; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(keeper.status()["problem"], "");
    EvidenceBook whole = book_of("one");
    for (const Record& record : all) whole.replay(from_json_line(to_json_line(record), "the stream"));
    EvidenceBook book = book_of("one");
    EXPECT_GT(rebuild_evidence(log.folder(), book).checkpoint, 2u);
    EXPECT_TRUE(state_of(book) == state_of(whole));
}

// Gateways that share a rollout number their pieces; a number means the same with a checkpoint and without.
TEST_F(CheckpointTest, LeavesTheNumbersOfSharedEvidenceAlone) {
    fill(44);
    const auto handed_out = [&](const LogStart& start, std::uint64_t after) {
        LocalEvidence evidence(log.folder(), "one", 64 << 20, start);
        std::string all = fmt::format("{} pieces\n", evidence.count());
        evidence.hand_out(after, [&](std::uint64_t first, std::uint64_t last, const std::string& lines) {
            all += fmt::format("{} to {}\n{}", first, last, lines);
            return true;
        });
        return all;
    };
    LogKeeper(keeper_options(log.folder(), "one")).checkpoint(4);
    const LogStart start = log_start(log.folder());
    EXPECT_EQ(start.segment, 4u);
    EXPECT_GT(start.pieces, 100u);
    EXPECT_FALSE(start.open.empty());
    for (const std::uint64_t after :
         {std::uint64_t{0}, std::uint64_t{17}, start.pieces - 1, start.pieces, start.pieces + 9})
        EXPECT_EQ(handed_out(start, after), handed_out({}, after)) << after;
    fs::remove(record::packed_path(record::segment_path(log.folder(), 1)));
    EXPECT_EQ(log_start(log.folder()).pieces, start.pieces);
    fs::remove(checkpoint_path(log.folder(), 4));
    EXPECT_THROW(log_start(log.folder()), core::Error) << "nobody can know the numbers";
}

TEST(EvidenceBook, FeedbackThatWasParkedAndReleasedTakesNoRoom) {
    EvidenceBook book(stream_options(), "one", stream_limits);
    std::size_t early = 0;
    for (int i = 0; i < 2000; ++i) {
        Feedback feedback;
        feedback.id = std::to_string(i);
        feedback.response_id = "answer-" + std::to_string(i);
        feedback.name = "thumbs_down";
        feedback.value = true;
        book.feedback(feedback);
        Admit admit;
        admit.request_id = std::to_string(i);
        admit.unit = fmt::format("{:064x}", i % 20);
        admit.experiment = "one";
        Finish finish;
        finish.response_id = feedback.response_id;
        book.finished(admit, finish);
        if (i == 1500) early = state_of(book).size();
    }
    EXPECT_EQ(book.parked(), 0u);
    EXPECT_NEAR(static_cast<double>(state_of(book).size()), static_cast<double>(early), 400);
}

}  // namespace
}  // namespace scale::rollout

#include <atomic>
#include <csignal>
#include <fstream>
#include <set>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "record/live_log/crc32c.h"
#include "record/live_log/segment_scan.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Admit admit_of(const std::string& id, std::string request = R"({"model":"m","messages":[]})") {
    Admit admit;
    admit.time_ms = 5;
    admit.request_id = id;
    admit.unit = "u";
    admit.key_kind = "user";
    admit.arm = Arm::candidate;
    admit.propensity = 100000;
    admit.epoch = 3;
    admit.experiment = "e";
    admit.path = "/v1/chat/completions";
    admit.request = std::move(request);
    return admit;
}

Finish finish_of(const std::string& id) {
    Finish finish;
    finish.request_id = id;
    finish.status = 200;
    finish.answer = "yes\n\"quoted\"";
    finish.finish_reason = "stop";
    finish.response_id = "chatcmpl-" + id;
    return finish;
}

std::vector<Record> records_of(const fs::path& folder, LogRecovery* recovery = nullptr) {
    std::vector<Record> records;
    const LogRecovery found = for_each_record(folder, [&](const Record& record) { records.push_back(record); });
    if (recovery != nullptr) *recovery = found;
    return records;
}

void append_bytes(const fs::path& file, std::string_view bytes) {
    std::ofstream(file, std::ios::app | std::ios::binary) << bytes;
}

class LogTest : public ::testing::Test {
  protected:
    LogOptions options() const {
        LogOptions options;
        options.folder = folder_.path() / "log";
        options.spacing = std::chrono::microseconds{200};
        options.retry = std::chrono::milliseconds{20};
        return options;
    }
    fs::path first_segment() const { return record::segment_path(options().folder, 1); }
    void write(int count) {
        SegmentLog log(options());
        for (int i = 0; i < count; ++i) log.append(admit_of("r" + std::to_string(i)));
    }

    core::TemporaryFolder folder_;
};

TEST(Crc32c, MatchesThePublishedVectors) {
    EXPECT_EQ(record::crc32c("123456789"), 0xe3069283u);            // the usual check value
    EXPECT_EQ(record::crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720 §B.4
    EXPECT_EQ(record::crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(record::crc32c(""), 0u);
    std::string text;
    for (int length = 0; length < 100; ++length) {
        EXPECT_EQ(record::crc32c(text), record::crc32c_by_tables(text));
        text += static_cast<char>(length * 37);
    }
}

TEST_F(LogTest, GivesBackWhatWasWritten) {
    Feedback feedback;
    feedback.id = "f";
    feedback.response_id = "chatcmpl-a";
    feedback.name = "thumbs_down";
    feedback.value = true;
    feedback.tags = {{"team", "x"}};
    {
        SegmentLog log(options());
        log.append(admit_of("a", "{\n \"model\": \"m\",\r\n \"messages\": []}"));
        log.append(feedback);
        const Appended last = log.append(finish_of("a"));
        EXPECT_TRUE(log.wait_committed(last.sequence));
        EXPECT_EQ(log.committed(), 3u);
    }
    const auto records = records_of(options().folder);
    ASSERT_EQ(records.size(), 3u);
    const auto& admit = std::get<Admit>(records[0]);
    EXPECT_EQ(to_json_line(admit), to_json_line(admit_of("a", R"({"messages":[],"model":"m"})")));
    EXPECT_EQ(to_json_line(records[1]), to_json_line(feedback));
    EXPECT_EQ(to_json_line(records[2]), to_json_line(finish_of("a")));
}

TEST_F(LogTest, CutsAndReportsATornTail) {
    write(3);
    const std::string whole = core::read_file(first_segment());
    const std::string line = record::framed_line(to_json_line(admit_of("torn")));
    // Every way in which the last line can be cut short, and blocks that were never filled.
    for (std::size_t kept = 1; kept < line.size(); kept += 7) {
        core::write_file_atomic(first_segment(), whole + line.substr(0, kept));
        LogRecovery read;
        EXPECT_EQ(records_of(options().folder, &read).size(), 3u);
        EXPECT_EQ(read.torn_bytes, kept);
        {
            SegmentLog log(options());
            EXPECT_EQ(log.recovery().torn_bytes, kept);
            EXPECT_EQ(log.recovery().torn_segment, "segment-0000000001.log");
            EXPECT_EQ(log.recovery().records, 3u);
        }
        EXPECT_EQ(core::read_file(first_segment()), whole);
    }
    append_bytes(first_segment(), std::string(4096, '\0'));
    {
        SegmentLog log(options());
        EXPECT_EQ(log.recovery().torn_bytes, 4096u);
        log.append(admit_of("after"));
    }
    EXPECT_EQ(records_of(options().folder).size(), 4u);
}

TEST_F(LogTest, NamesDamageBySegmentAndLine) {
    write(5);
    std::string bytes = core::read_file(first_segment());
    std::size_t third = 0;
    for (int i = 0; i < 2; ++i) third = bytes.find('\n', third) + 1;
    bytes[third + 30] ^= 1;
    core::write_file_atomic(first_segment(), bytes);
    for (const auto& read : std::vector<std::function<void()>>{[&] { records_of(options().folder); },
                                                               [&] { SegmentLog log(options()); }}) {
        try {
            read();
            FAIL() << "the damage went unnoticed";
        } catch (const core::Error& error) {
            EXPECT_THAT(error.found(), HasSubstr("segment-0000000001.log line 3"));
        }
    }
}

TEST_F(LogTest, ATornTailBeforeTheLastSegmentIsDamage) {
    write(2);
    append_bytes(first_segment(), "deadbeef {\"type\"");
    core::write_file_atomic(record::segment_path(options().folder, 2),
                            record::framed_line(to_json_line(admit_of("later"))));
    EXPECT_THROW(records_of(options().folder), core::Error);
}

TEST_F(LogTest, RotatesBySizeAndReadsInOrder) {
    LogOptions small = options();
    small.segment_bytes = 2000;
    for (int run = 0; run < 2; ++run) {
        SegmentLog log(small);
        for (int i = 0; i < 20; ++i) log.wait_committed(log.append(admit_of(std::to_string(20 * run + i))).sequence);
    }
    EXPECT_GT(record::segments_of(small.folder).size(), 3u);
    const auto records = records_of(small.folder);
    ASSERT_EQ(records.size(), 40u);
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_EQ(std::get<Admit>(records[i]).request_id, std::to_string(i));
}

TEST_F(LogTest, PacksClosedSegmentsAndTakesUpWhereAKilledPackingLeftOff) {
    LogOptions small = options();
    small.segment_bytes = 2000;
    const auto unpacked = [&] {
        const auto segments = record::segments_of(small.folder);
        return std::count_if(segments.begin(), segments.end(),
                             [](const auto& path) { return !record::is_packed(path); });
    };
    for (int run = 0; run < 2; ++run) {
        SegmentLog log(small);
        for (int i = 0; i < 20; ++i) log.wait_committed(log.append(admit_of(std::to_string(20 * run + i))).sequence);
        while (unpacked() > 1) std::this_thread::yield();
    }
    // The last one is closed, packed, and one of the packed ones stands there in both forms.
    const auto segments = record::segments_of(small.folder);
    const fs::path first = first_segment();
    std::string text;
    record::PackedSegment(segments.front()).for_each_block([&](std::string_view block) { text += block; });
    core::write_file_atomic(first, text);
    core::write_file_atomic(small.folder / ".segment-0000000002.log.zst.1.tmp", "half");
    record::pack_segment(segments.back());
    {
        SegmentLog log(small);
        log.wait_committed(log.append(admit_of("40")).sequence);
        while (unpacked() > 1) std::this_thread::yield();
    }
    EXPECT_FALSE(fs::exists(first));
    EXPECT_FALSE(fs::exists(small.folder / ".segment-0000000002.log.zst.1.tmp"));
    const auto records = records_of(small.folder);
    ASSERT_EQ(records.size(), 41u);
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_EQ(std::get<Admit>(records[i]).request_id, std::to_string(i));
}

TEST_F(LogTest, CommitsInGroupsAndLosesNothingUnderConcurrency) {
    constexpr int threads = 4;
    constexpr int each = 500;
    LogFigures figures;
    {
        SegmentLog log(options());
        std::vector<std::thread> writers;
        std::atomic<int> not_durable{0};
        for (int t = 0; t < threads; ++t)
            writers.emplace_back([&, t] {
                Appended last;
                for (int i = 0; i < each; ++i) last = log.append(admit_of(std::to_string(t) + "-" + std::to_string(i)));
                if (!log.wait_committed(last.sequence)) ++not_durable;
            });
        for (auto& writer : writers) writer.join();
        EXPECT_EQ(not_durable, 0);
        figures = log.figures();
    }
    EXPECT_EQ(figures.appended, std::uint64_t{threads * each});
    EXPECT_EQ(figures.committed, std::uint64_t{threads * each});
    EXPECT_LT(figures.commits, std::uint64_t{threads * each});
    std::vector<int> next(threads, 0);  // each writer's records stand in its order
    for (const auto& record : records_of(options().folder)) {
        const std::string& id = std::get<Admit>(record).request_id;
        const auto t = static_cast<std::size_t>(id[0] - '0');
        EXPECT_EQ(id.substr(2), std::to_string(next[t]++));
    }
    EXPECT_THAT(next, ::testing::Each(each));
}

TEST_F(LogTest, AFullQueueRefusesAdmitsButTakesTheirFinish) {
    LogOptions small = options();
    small.queue_bytes = 700;
    small.spacing = std::chrono::seconds{30};  // the second batch waits
    SegmentLog log(small);
    log.wait_committed(log.append(admit_of("first")).sequence);
    std::set<std::string> accepted = {"first"};
    AppendResult last = AppendResult::accepted;
    for (int i = 0; i < 10 && last == AppendResult::accepted; ++i) {
        const std::string id = "r" + std::to_string(i);
        last = log.append(admit_of(id)).result;
        if (last == AppendResult::accepted) accepted.insert(id);
    }
    EXPECT_EQ(last, AppendResult::full);
    EXPECT_FALSE(log.has_room() && log.figures().queued_bytes >= small.queue_bytes);
    EXPECT_EQ(log.append(finish_of("first")).result, AppendResult::accepted);
    EXPECT_GE(log.figures().refused, 1u);
}

// RLIMIT_FSIZE stands in for a full disk: the write fails with EFBIG after some bytes have gone in.
TEST_F(LogTest, AFailingDiskRefusesThenRecoversWithoutLossOrRepetition) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    std::vector<std::string> accepted;
    {
        SegmentLog log(options());
        log.wait_committed(log.append(admit_of("a")).sequence);
        accepted.push_back("a");
        rlimit tight = before;
        tight.rlim_cur = core::read_file(first_segment()).size() + 100;
        ::setrlimit(RLIMIT_FSIZE, &tight);
        EXPECT_EQ(log.append(admit_of("b")).result, AppendResult::accepted);
        accepted.push_back("b");
        EXPECT_FALSE(log.wait_committed(2));
        EXPECT_TRUE(log.failing());
        EXPECT_FALSE(log.figures().failure.empty());
        EXPECT_EQ(log.append(admit_of("refused")).result, AppendResult::failed);
        EXPECT_EQ(log.append(finish_of("a")).result, AppendResult::accepted);
        ::setrlimit(RLIMIT_FSIZE, &before);
        while (log.failing()) std::this_thread::yield();
        EXPECT_TRUE(log.wait_committed(3));
        EXPECT_EQ(log.append(admit_of("c")).result, AppendResult::accepted);
        accepted.push_back("c");
    }
    std::vector<std::string> read;
    for (const auto& record : records_of(options().folder))
        if (const auto* admit = std::get_if<Admit>(&record)) read.push_back(admit->request_id);
    EXPECT_EQ(read, accepted);
    EXPECT_EQ(record::segments_of(options().folder).size(), 2u);  // what follows a failed write goes to a fresh segment
}

TEST_F(LogTest, AdmitsWithoutFinishAreInterrupted) {
    {
        SegmentLog log(options());
        for (const auto* id : {"a", "b", "c"}) log.append(admit_of(id));
        log.append(finish_of("b"));
    }
    std::vector<std::string> seen;
    for_each_exchange(options().folder, [&](const Exchange& exchange) {
        seen.push_back(exchange.admit.request_id + " " + to_string(exchange.finish.outcome));
    });
    EXPECT_EQ(seen, (std::vector<std::string>{"b ok", "a interrupted", "c interrupted"}));
}

TEST_F(LogTest, WritesTrafficThatHoldsRequestAndAnswer) {
    {
        SegmentLog log(options());
        log.append(admit_of("a"));
        log.append(finish_of("a"));
        log.append(admit_of("no body", ""));
        log.append(finish_of("no body"));
        log.append(admit_of("interrupted"));
    }
    const fs::path traffic = folder_.path() / "traffic.jsonl";
    EXPECT_EQ(write_traffic(options().folder, traffic), 1u);
    const core::Json line = core::parse_json(core::read_file(traffic), "traffic");
    EXPECT_EQ(line["request"]["model"], "m");
    EXPECT_EQ(line["response"]["choices"][0]["message"]["content"], "yes\n\"quoted\"");
}

TEST(LogRecords, RefusesWhatIsNoRecord) {
    for (const auto* line :
         {"", "[]", "{}", R"({"type":"other"})", R"({"type":"admit"})",
          R"({"type":"admit","request_id":"a","arm":"third"})", R"({"type":"finish","request_id":"a","outcome":"odd"})",
          R"({"type":"finish","request_id":"a","outcome":"ok","status":"x"})"})
        for (const Texts texts : {Texts::read, Texts::left_out})
            EXPECT_THROW(from_json_line(line, "line", texts), core::Error) << line;
}

TEST(LogRecords, AreReadWithoutTheirTexts) {
    const auto shorter = [](const std::string& line) {
        return to_json_line(from_json_line(line, "line", Texts::left_out));
    };
    Admit admit = admit_of("a", R"({"request":{"answer":[1,"}"]},"model":"m"})");
    const std::string whole = to_json_line(admit);
    admit.request.clear();
    EXPECT_EQ(shorter(whole), to_json_line(admit));
    Finish finish = finish_of("a");
    const std::string answered = to_json_line(finish);
    finish.answer.clear();
    EXPECT_EQ(shorter(answered), to_json_line(finish));
    // Wherever they stand among the members.
    EXPECT_EQ(shorter(R"({"request":{},"type":"admit","request_id":"a","arm":"original","answer":"x"})"),
              shorter(R"({"type":"admit","request_id":"a","arm":"original"})"));
    EXPECT_EQ(shorter(R"({"type":"admit", "request" : 1 , "request_id":"a","arm":"original"})"),
              shorter(R"({"type":"admit","request_id":"a","arm":"original"})"));
    for (const auto* damaged : {R"({"type":"admit","request":{,"request_id":"a","arm":"original"})",
                                R"({"type":"admit","request_id":"a","arm":"original","request":)"})
        EXPECT_THROW(shorter(damaged), core::Error);
}

}  // namespace
}  // namespace scale::rollout

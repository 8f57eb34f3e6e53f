// What a gateway needs of the database and of its own log without any other gateway.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "rollout/log/segment_log.h"
#include "rollout/replica/local_evidence.h"
#include "rollout/replica/postgres.h"

namespace scale::rollout {
namespace {

using ::testing::HasSubstr;

TEST(PostgresSettings, MustNotHoldAPasswordAndAreNotRepeated) {
    for (const char* settings :
         {"postgresql://scale:secret@127.0.0.1/x", "host=127.0.0.1 password=secret", "no=secret"}) {
        try {
            Postgres(settings, std::chrono::seconds(1));
            FAIL() << settings;
        } catch (const core::Error& refusal) {
            EXPECT_EQ(refusal.kind(), core::ErrorKind::input) << settings;
            EXPECT_THAT(refusal.what(), ::testing::Not(HasSubstr("secret")));
        }
    }
}

TEST(LocalEvidence, LeavesToTheLogWhatMemoryDoesNotHold) {
    const core::TemporaryFolder folder;
    LogOptions options;
    options.folder = folder.path();
    SegmentLog log(options);
    LocalEvidence evidence(folder.path(), "exp", 2000);
    const auto add = [&](int number) {
        Admit admit;
        admit.request_id = "r" + std::to_string(number);
        admit.unit = "u";
        admit.experiment = number % 2 == 0 ? "exp" : "";
        Finish finish;
        finish.request_id = admit.request_id;
        log.append(admit);
        log.wait_committed(log.append(finish).sequence);
        evidence.ended(admit, finish);
    };
    std::vector<std::string> seen;
    std::uint64_t shipped = 0;
    const auto ship = [&](std::uint64_t first, std::uint64_t last, const std::string& lines) {
        EXPECT_GT(first, shipped);
        shipped = last;
        for (std::size_t at = 0; (at = lines.find("\"request_id\":\"", at)) != std::string::npos; at += 14)
            if (lines.compare(lines.rfind('{', at), 15, "{\"type\":\"admit\"") == 0)
                seen.push_back(lines.substr(at + 14, lines.find('"', at + 14) - at - 14));
        return true;
    };
    for (int i = 0; i < 100; ++i) add(i);
    evidence.hand_out(0, [](auto, auto, const auto&) { return false; });  // the database is away
    for (int i = 100; i < 104; ++i) add(i);
    evidence.hand_out(0, ship);
    evidence.hand_out(shipped, ship);
    add(104);
    evidence.hand_out(shipped, ship);
    std::vector<std::string> expected;
    for (int i = 0; i < 105; i += 2) expected.push_back("r" + std::to_string(i));
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(LocalEvidence(folder.path(), "exp").count(), 105u);
}

}  // namespace
}  // namespace scale::rollout

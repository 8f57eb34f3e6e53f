#include "record/live_log/packed_segment.h"

#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "record/live_log/segment_scan.h"

namespace scale::record {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string all;
    char block[65536];
    for (std::size_t got = 1; got > 0;) {
        got = std::fread(block, 1, sizeof block, pipe.get());
        all.append(block, got);
    }
    return all;
}

class PackedSegmentTest : public ::testing::Test {
  protected:
    // Lines of all lengths, one of them longer than several blocks.
    PackedSegmentTest() {
        std::mt19937 draw(7);
        for (int i = 0; i < 4000; ++i) {
            const std::size_t length = i == 2000 ? 900'000 : draw() % 700;
            std::string json = "{\"n\":" + std::to_string(i) + ",\"text\":\"";
            for (std::size_t k = 0; k < length; ++k) json += static_cast<char>('a' + draw() % 20);
            text_ += framed_line(json + "\"}");
        }
        core::write_file_atomic(segment_, text_);
    }
    fs::path packed() const { return packed_path(segment_); }

    core::TemporaryFolder folder_;
    fs::path segment_ = segment_path(folder_.path(), 1);
    std::string text_;
};

TEST_F(PackedSegmentTest, HoldsTheSameTextInLessSpaceAndAnybodysZstdUnpacksIt) {
    pack_segment(segment_);
    EXPECT_FALSE(fs::exists(segment_));
    EXPECT_LT(fs::file_size(packed()), text_.size() * 3 / 4);
    EXPECT_EQ(output_of("zstd -dcq " + packed().string()), text_);
    EXPECT_THAT(segments_of(folder_.path()), ::testing::ElementsAre(packed()));
    std::string joined;
    PackedSegment(packed()).for_each_block([&](std::string_view block) {
        EXPECT_TRUE(block.ends_with('\n'));
        joined += block;
    });
    EXPECT_EQ(joined, text_);
}

TEST_F(PackedSegmentTest, ReadsAnyPiece) {
    pack_segment(segment_);
    const PackedSegment packed_text(packed());
    ASSERT_EQ(packed_text.size(), text_.size());
    std::mt19937 draw(11);
    for (int i = 0; i < 300; ++i) {
        const std::size_t offset = draw() % text_.size();
        const std::size_t length = draw() % std::min<std::size_t>(text_.size() - offset + 1, i < 10 ? 1 << 20 : 4000);
        ASSERT_EQ(packed_text.read(offset, length), text_.substr(offset, length)) << offset << ' ' << length;
    }
    EXPECT_EQ(packed_text.read(text_.size(), 0), "");
    EXPECT_THROW(packed_text.read(text_.size(), 1), core::Error);
    EXPECT_THROW(packed_text.read(1, UINT64_MAX), core::Error);
}

TEST_F(PackedSegmentTest, IsScannedAsThePlainOneIs) {
    const auto lines = [&](const fs::path& path) {
        std::vector<std::string> found;
        scan_segment(path, false, [&](std::string_view line, std::uint64_t number) {
            EXPECT_EQ(number, found.size() + 1);
            found.emplace_back(line);
        });
        return found;
    };
    const auto before = lines(segment_);
    ASSERT_EQ(before.size(), 4000u);
    pack_segment(segment_);
    EXPECT_EQ(lines(packed()), before);
    EXPECT_EQ(lines(segment_), before);  // whoever listed the folder before
}

// Killed behind the packed file and before the plain one went: the segment is there once.
TEST_F(PackedSegmentTest, CountsASegmentOnceThatIsThereInBothForms) {
    pack_segment(segment_);
    core::write_file_atomic(segment_, text_);
    EXPECT_THAT(segments_of(folder_.path()), ::testing::ElementsAre(segment_));
    pack_segment(segment_);
    EXPECT_THAT(segments_of(folder_.path()), ::testing::ElementsAre(packed()));
}

TEST_F(PackedSegmentTest, DamageAnywhereIsAnErrorAndNeverOtherText) {
    pack_segment(segment_);
    const std::string whole = core::read_file(packed());
    std::mt19937 draw(13);
    const auto read_all = [&] {
        std::string all;
        scan_segment(packed(), true, [&](std::string_view line, std::uint64_t) { all += framed_line(line); });
        return all;
    };
    int seen = 0;
    for (int i = 0; i < 200; ++i) {
        std::string bytes = whole;
        if (i % 4 == 0) {
            bytes.resize(draw() % bytes.size());
        } else {
            // Every other one in the seek table at the end.
            const std::size_t at = i % 2 == 0 ? bytes.size() - 1 - draw() % 120 : draw() % bytes.size();
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << (draw() % 8)));
        }
        core::write_file_atomic(packed(), bytes);
        try {
            ASSERT_EQ(read_all(), text_) << "damage " << i;  // a bit that does not matter, such as a frame's flag
        } catch (const core::Error& error) {
            EXPECT_THAT(error.found(), HasSubstr("segment-0000000001.log.zst"));
            ++seen;
        }
    }
    EXPECT_GT(seen, 150);
}

}  // namespace
}  // namespace scale::record

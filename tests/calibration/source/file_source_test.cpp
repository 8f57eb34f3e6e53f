#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/source/cutter.h"
#include "calibration/source/traffic.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Piece {
    Place place;
    std::string text;
    bool too_long = false;
};

// Fed in chunks of `step` bytes.
std::vector<Piece> cut(Container container, const std::string& bytes, std::size_t step) {
    std::vector<Piece> pieces;
    const auto cutter = make_cutter(container, [&](const Place& place, std::string_view piece, bool too_long) {
        pieces.push_back({place, std::string(piece), too_long});
    });
    for (std::size_t at = 0; at < bytes.size(); at += step) cutter->feed(std::string_view(bytes).substr(at, step));
    cutter->end();
    EXPECT_EQ(cutter->pieces(), pieces.size());
    return pieces;
}

std::vector<std::string> texts(const std::vector<Piece>& pieces) {
    std::vector<std::string> all;
    for (const Piece& piece : pieces) all.push_back(piece.text);
    return all;
}

TEST(Cutter, PiecesDoNotDependOnTheChunks) {
    const std::string lines = "\xef\xbb\xbf{\"a\":1}\r\n\n  \r\n{\"b\":2}\n{\"c\":3}";
    const std::string blocks = "one\ntwo\n\n\nthree\r\n\r\nfour";
    const std::string array = " [ {\"a\":\"],{\\\"\"},\n{\"b\":[1,{}]} ,3 ] trailing";
    for (const std::size_t step : {1, 2, 3, 5, 100}) {
        EXPECT_THAT(texts(cut(Container::lines, lines, step)), ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
        EXPECT_THAT(texts(cut(Container::blocks, blocks, step)), ElementsAre("one\ntwo", "three", "four"));
        const auto elements = cut(Container::array, array, step);
        ASSERT_EQ(elements.size(), 3u);
        EXPECT_EQ(core::parse_json(elements[0].text, "")["a"], "],{\"");
        EXPECT_EQ(core::parse_json(elements[1].text, "")["b"].size(), 2u);
        EXPECT_EQ(elements[2].place.number, 3u);
        for (const auto& [container, bytes] :
             {std::pair(Container::lines, lines), {Container::blocks, blocks}, {Container::array, array}})
            for (const Piece& piece : cut(container, bytes, step))
                EXPECT_EQ(bytes.substr(piece.place.offset, piece.place.length), piece.text);
    }
}

TEST(Cutter, LinesAreNumberedWithBlankOnes) {
    const auto pieces = cut(Container::lines, "a\n\nb\n", 100);
    EXPECT_EQ(pieces[1].place.number, 3u);
}

TEST(Cutter, HoldsOneLineAtMostAndPassesGiantOnesOver) {
    const std::string exact(max_line, 'x');
    const auto pieces = cut(Container::lines, "first\n" + exact + "y\n" + exact + "\nlast\n", std::size_t{1} << 20);
    ASSERT_EQ(pieces.size(), 4u);
    EXPECT_TRUE(pieces[1].too_long);
    EXPECT_EQ(pieces[1].place.length, max_line + 1);
    EXPECT_EQ(pieces[2].text.size(), max_line);
    EXPECT_EQ(pieces[3].text, "last");
}

TEST(Cutter, MemoryDoesNotGrowWithTheLog) {
    std::size_t pieces = 0;
    const auto cutter = make_cutter(Container::lines, [&](const Place&, std::string_view, bool) { ++pieces; });
    const std::string line(199, 'x');
    std::string chunk;
    for (int i = 0; i < 5000; ++i) chunk += line + "\n";
    for (int i = 0; i < 100; ++i) cutter->feed(chunk);  // half a million lines, 100 MB
    EXPECT_EQ(pieces, 500000u);
    EXPECT_EQ(cutter->held_peak(), line.size());
}

class FileSourceTest : public testing::Test {
  protected:
    struct Read {
        LogReading reading;
        std::vector<Request> requests;
        std::vector<std::string> refusals;
        std::vector<Place> places;
    };
    Read read(const std::string& bytes, const std::string& name = "log.jsonl", const std::string& format = "auto") {
        core::write_file_atomic(folder_.path() / name, bytes);
        source_ = open_source(folder_.path() / name, format);
        Read result;
        result.reading = source_->read(
            [&](const Place& place, const ParsedLine& parsed) {
                if (!parsed.refusal.empty()) {
                    result.refusals.push_back(parsed.refusal);
                    return;
                }
                result.requests.push_back(parsed.request);
                result.places.push_back(place);
            },
            {});
        for (std::size_t i = 0; i < result.places.size(); ++i)
            EXPECT_EQ(normalised_text(source_->again(result.places[i]).request), normalised_text(result.requests[i]));
        return result;
    }
    core::TemporaryFolder folder_;
    std::unique_ptr<TrafficSource> source_;
};

TEST_F(FileSourceTest, ReadsRequestLines) {
    const std::string bytes = R"({"prompt":"a"})"
                              "\nbroken\n"
                              R"({"messages":[{"role":"user","content":"b"}]})"
                              "\n";
    const Read log = read(bytes);
    EXPECT_EQ(source_->kind(), SourceKind::requests);
    EXPECT_EQ(log.reading.lines, 3u);
    EXPECT_EQ(log.reading.sha256, core::sha256_hex(bytes));
    EXPECT_EQ(log.requests.size(), 2u);
    EXPECT_THAT(log.refusals, ElementsAre(HasSubstr("not valid JSON")));
    EXPECT_EQ(read("").reading.lines, 0u);
}

TEST_F(FileSourceTest, ARefusalDoesNotQuoteTheLine) {
    EXPECT_THAT(read("{\"prompt\": \"secret-word\" oops}\n").refusals.at(0), testing::Not(HasSubstr("secret-word")));
}

TEST_F(FileSourceTest, GiantLinesAreRefusedWithTheirLength) {
    const Read log = read("{\"prompt\":\"a\"}\n" + std::string(max_line + 1, 'x') + "\n{\"prompt\":\"b\"}\n");
    EXPECT_EQ(log.requests.size(), 2u);
    EXPECT_THAT(log.refusals, ElementsAre(HasSubstr("16.0 MiB long")));
}

TEST_F(FileSourceTest, ReadsPromptsByLineAndByBlock) {
    const Read lines = read("How are you?\nWho am I?\n", "prompts.txt");
    EXPECT_EQ(source_->kind(), SourceKind::prompts);
    ASSERT_EQ(lines.requests.size(), 2u);
    EXPECT_EQ(lines.requests[1].messages.at(0).role, "user");
    EXPECT_EQ(lines.requests[1].messages.at(0).content, "Who am I?");
    const Read blocks = read("First line\nsecond line\n\nAnother\n", "blocks.txt");
    ASSERT_EQ(blocks.requests.size(), 2u);
    EXPECT_EQ(blocks.requests[0].messages[0].content, "First line\nsecond line");
    EXPECT_EQ(read("{\"prompt\":\"a\"}\n", "named.log", "prompts").requests[0].messages[0].content,
              "{\"prompt\":\"a\"}");
}

TEST_F(FileSourceTest, ReadsChatsByLineAndAsAnArray) {
    const std::string chat =
        R"({"id":"c1","conversations":[{"from":"system","value":"Be kind."},{"from":"human","value":"Hi"},)"
        R"({"from":"gpt","value":"Hello"},{"from":"human","value":"Bye"},{"from":"gpt","value":"See you"}]})";
    for (const std::string& bytes : {chat + "\n", "[\n" + chat + ",\n" + R"({"conversations":[]})" + "]"}) {
        const Read log = read(bytes, "chats.json");
        EXPECT_EQ(source_->kind(), SourceKind::chats);
        ASSERT_EQ(log.requests.size(), 1u);
        const Request& request = log.requests[0];
        EXPECT_EQ(request.messages.size(), 4u);
        EXPECT_EQ(request.answer, "See you");
        EXPECT_EQ(request.conversation, "id:c1");
        EXPECT_EQ(request.user_turns(), 2);
    }
    EXPECT_THAT(read(R"({"conversations":[{"from":"nobody","value":"x"}]})").refusals,
                ElementsAre(HasSubstr("unknown speaker 'nobody'")));
}

TEST_F(FileSourceTest, AMissingLogSaysWhereToNameOne) {
    try {
        open_source(folder_.path() / "none", "auto");
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.next(), HasSubstr("--log"));
    }
    EXPECT_THROW(open_source(folder_.path(), "auto"), core::Error);
    EXPECT_THROW(open_source(folder_.path(), "requests"), core::Error);
}

TEST_F(FileSourceTest, TrafficIsRedactedBeforeItIsHandedOut) {
    core::write_file_atomic(folder_.path() / "log.jsonl",
                            R"({"messages":[{"role":"user","content":"I am jane@corp.com"}]})"
                            "\n"
                            R"({"messages":[{"role":"jane@corp.com","content":"x"}]})"
                            "\n");
    Traffic traffic(open_source(folder_.path() / "log.jsonl", "auto"), Redactor(std::string(64, 'a')));
    std::vector<std::string> seen;
    Place place;
    traffic.read(
        [&](const Place& at, const ParsedLine& parsed) {
            if (parsed.refusal.empty()) place = at;
            seen.push_back(parsed.refusal.empty() ? parsed.request.messages.at(0).content : parsed.refusal);
        },
        {});
    ASSERT_EQ(seen.size(), 2u);
    for (const std::string& text : seen) EXPECT_THAT(text, testing::Not(HasSubstr("jane@corp")));
    EXPECT_EQ(traffic.again(place).messages.at(0).content, seen[0]);
    EXPECT_EQ(traffic.redactions()[static_cast<std::size_t>(Sensitive::email)], 1u);
}

}  // namespace
}  // namespace scale::calibration

#include "client/model_server.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/events.h"
#include "core/error.h"
#include "support/fake_server.h"

namespace scale::client {
namespace {

using test::FakeServer;
using test::http;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const ServerAdvice advice{"correct it", "leave it out"};

std::string by_path(const std::string& request) {
    if (request.starts_with("GET /v1/models"))
        return http("200 OK", R"({"data": [{"id": "m\u001b[31m", "owned_by": "vllm"}]})");
    if (request.starts_with("GET /version")) return http("200 OK", R"({"version": "0.32.0"})");
    return http("404 Not Found", "");
}

TEST(ModelServer, TellsItsSoftwareAndHidesWhatIsSecretInItsAddress) {
    std::string asked;
    const FakeServer fake([&](int, const std::string& request) {
        asked += request;
        return by_path(request);
    });
    std::string url = fake.url;
    url.insert(7, "anna:p%40ss@");
    ::setenv("MODEL_SERVER_KEY", "letmein", 1);
    const ModelServer server({url, "", "MODEL_SERVER_KEY"}, advice);
    EXPECT_EQ(server.address(), fake.url + "/v1");
    EXPECT_EQ(server.software(), "vllm 0.32.0");
    EXPECT_THAT(asked, HasSubstr("Authorization: Bearer letmein"));
    EXPECT_EQ(printable(server.model(), 100), "m?[31m");
    EXPECT_EQ(server.call("/completions", {{"a", 1}}).url, url + "/v1/completions");
}

TEST(ModelServer, AnErrorShowsTheServersWordsAndNoSecret) {
    const FakeServer fake([](int, const std::string&) { return http("500 Oops", "GPU\x1b[2J fell off"); });
    std::string url = fake.url;
    url.insert(7, "anna:secret@");
    try {
        const ModelServer server({url, "", ""}, advice);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr("status 500: GPU?[2J fell off"));
        EXPECT_THAT(std::string(error.what()), Not(HasSubstr("secret")));
    }
    ::unsetenv("MODEL_SERVER_KEY");
    EXPECT_THROW(ModelServer({fake.url, "", "MODEL_SERVER_KEY"}, advice), core::Error);
    EXPECT_THROW(ModelServer({"http://127.0.0.1:1", "", ""}, advice), core::Error);
}

TEST(ModelServer, ForeignTextIsCutBetweenCharacters) {
    EXPECT_EQ(printable("aé", 2), "a…");
    EXPECT_EQ(printable("a\xff", 9), "a?");
    EXPECT_EQ(printable("aé", 3), "aé");
}

TEST(EventReader, PutsLinesTogetherFromAnyPieces) {
    const std::string stream = "data: {\"a\": 1}\r\n\r\n: ping\ndata:x\n\nevent: e\ndata: [DONE]\n\ndata: cut";
    for (std::size_t width = 1; width <= stream.size(); ++width) {
        EventReader reader;
        std::vector<std::string> taken;
        for (std::size_t at = 0; at < stream.size(); at += width)
            reader.feed(std::string_view(stream).substr(at, width),
                        [&](std::string_view data) { taken.emplace_back(data); });
        EXPECT_THAT(taken, ElementsAre("{\"a\": 1}", "x", "[DONE]")) << width;
    }
}

}  // namespace
}  // namespace scale::client

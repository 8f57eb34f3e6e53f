// The official JSON-Schema-Test-Suite (draft 2020-12, required tests), and cases by hand.
#include "quality/json_schema/json_schema.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "quality/json_schema/uri.h"
#include "support/paths.h"

namespace scale::quality {
namespace {

using core::Json;
namespace fs = std::filesystem;

struct Counts {
    int passed = 0, failed = 0, outside = 0;  // outside: the schema needs a document that it does not hold
};

void run_file(const fs::path& path, Counts& counts) {
    for (const Json& group : core::parse_json(core::read_file(path), path.string()))
        for (const Json& test : group["tests"]) {
            std::string problem;
            try {
                problem = JsonSchema(group["schema"]).problem(test["data"]);
            } catch (const core::Error& error) {
                if (error.found().find("not within its document") != std::string::npos) {
                    ++counts.outside;
                    continue;
                }
                problem = std::string("threw: ") + error.what();
                EXPECT_TRUE(false) << path.filename() << ": " << group["description"] << ": " << error.what();
            }
            const bool right = problem.empty() == test["valid"].get<bool>();
            ++(right ? counts.passed : counts.failed);
            EXPECT_TRUE(right) << path.filename() << ": " << group["description"] << ": " << test["description"] << " "
                               << problem;
        }
}

TEST(JsonSchema, PassesTheOfficialSuite) {
    const fs::path folder = test::source_folder() / "tests/data/json_schema_test_suite/draft2020-12";
    Counts counts;
    for (const auto& entry : fs::directory_iterator(folder)) run_file(entry.path(), counts);
    RecordProperty("passed", counts.passed);
    std::cout << "official suite: " << counts.passed << " passed, " << counts.failed << " failed, " << counts.outside
              << " need a document that is not at hand\n";
    EXPECT_EQ(counts.failed, 0);
    EXPECT_GT(counts.passed, 1200);
    EXPECT_LT(counts.outside, 60);
}

TEST(JsonSchema, SaysWhereAndWhy) {
    const JsonSchema schema(Json::parse(R"({"type": "object", "required": ["name"],
        "properties": {"age": {"type": "integer", "minimum": 0}, "tags": {"items": {"enum": ["a", "b"]}}}})"));
    EXPECT_EQ(schema.problem(Json::parse(R"({"name": "x", "age": 3, "tags": ["a"]})")), "");
    EXPECT_EQ(schema.problem(Json::parse(R"({"age": 3})")), "/: required");
    EXPECT_EQ(schema.problem(Json::parse(R"({"name": "x", "age": -1})")), "/age: minimum");
    EXPECT_EQ(schema.problem(Json::parse(R"({"name": "x", "tags": ["a", "c"]})")), "/tags/1: enum");
    EXPECT_EQ(schema.problem(Json::parse("[]")), "/: type");
}

TEST(JsonSchema, RefusesWhatItCannotJudge) {
    EXPECT_THROW(JsonSchema(Json::parse(R"({"$ref": "https://example.com/other"})")).problem(1), core::Error);
    EXPECT_THROW(JsonSchema(Json::parse(R"({"$ref": "#/$defs/none"})")).problem(1), core::Error);
    EXPECT_THROW(JsonSchema(Json::parse(R"({"pattern": "(?=x)y"})")).problem("y"), core::Error);
    EXPECT_THROW(JsonSchema(Json::parse(R"({"$ref": "#"})")).problem(1), core::Error);
}

// RFC 3986, section 5.4.
TEST(Uri, ResolvesReferences) {
    const std::string base = "http://a/b/c/d;p?q";
    EXPECT_EQ(resolve_uri(base, "g"), "http://a/b/c/g");
    EXPECT_EQ(resolve_uri(base, "./g/"), "http://a/b/c/g/");
    EXPECT_EQ(resolve_uri(base, "/g"), "http://a/g");
    EXPECT_EQ(resolve_uri(base, "//g"), "http://g");
    EXPECT_EQ(resolve_uri(base, "?y"), "http://a/b/c/d;p?y");
    EXPECT_EQ(resolve_uri(base, "#s"), "http://a/b/c/d;p?q#s");
    EXPECT_EQ(resolve_uri(base, "../../g"), "http://a/g");
    EXPECT_EQ(resolve_uri(base, ".."), "http://a/b/");
    EXPECT_EQ(resolve_uri(base, "urn:x:y"), "urn:x:y");
    EXPECT_EQ(split_uri("x#/a%25b~1c").fragment, "/a%b~1c");
}

}  // namespace
}  // namespace scale::quality

#include "calibration/redaction/redactor.h"

#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/redaction/checksums.h"
#include "calibration/redaction/secret.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"

namespace scale::calibration {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string key40 = "q7Zr2Lx9Kb4Tn8Wd3Vc6Mh1Yp5Jf0Gs7Qa2Xe9Ub";

// A value of every kind and of every national id.
const std::vector<std::string>& values() {
    static const std::vector<std::string> all{
        "jane.doe@corp.com",
        "postgres://admin:s3cr3tpw@db.corp.com/x",
        "https://x.org/a?api_key=abcdef123456",
        "86.121.97.248",
        "2a02:8071:b58a:c700::17",
        "2606::1",
        "4111 1111 1111 1111",
        "378282246310005",
        "GB82 WEST 1234 5698 7654 32",
        "de89370400440532013000",
        "460-89-9847",
        "AB 12 34 56 C",
        "12345678Z",
        "X1234567L",
        "2 55 08 14 168 025 38",
        "RSSMRA85T10A562S",
        "Steuer-ID 86095742719",
        "PESEL 44051401359",
        "811228-9874",
        "131052-308T",
        "BSN 111222333",
        "529.982.247-25",
        "2341 2341 2346",
        "11010519491231002X",
        "PAN ABCPE1234F",
        "passport X1234567",
        "+46 (0)8 928 571 38",
        "(541) 714-1388",
        "345-899-3560x4587",
        "call 72 128 827",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP",
        "ghp_" + key40.substr(0, 36),
        "SG." + key40.substr(0, 20) + "." + key40,
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ==\n-----END PRIVATE "
        "KEY-----",
        "password: hunter2!x",
        "Bearer abc.DEF-123_456789",
        key40,
        "9e107d9d372bb6826bd81d3542a419d6",
    };
    return all;
}

char shape_of(char c) {
    if (c >= '0' && c <= '9') return '0';
    if (c >= 'a' && c <= 'z') return 'a';
    if (c >= 'A' && c <= 'Z') return 'A';
    return c;
}
std::string shape(std::string text) {
    for (char& c : text) c = shape_of(c);
    return text;
}

class RedactorTest : public testing::Test {
  protected:
    std::string redact(const std::string& text, const std::string& conversation = "c") {
        return redactor_.redact(text, conversation, counts_);
    }
    std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const auto count : counts_) sum += count;
        return sum;
    }
    Redactor redactor_{std::string(64, 'a')};
    RedactionCounts counts_{};
};

TEST_F(RedactorTest, EveryKindIsReplacedOnceAndTheTextAroundItStays) {
    for (const std::string& value : values()) {
        const auto before = total();
        const std::string text = "Before " + value + " after.";
        const std::string redacted = redact(text);
        EXPECT_EQ(total(), before + 1) << value;
        EXPECT_NE(redacted, text);
        EXPECT_TRUE(redacted.starts_with("Before ") && redacted.ends_with(" after.")) << redacted;
    }
}

TEST_F(RedactorTest, RedactingTwiceChangesNothing) {
    for (const std::string& value : values()) {
        for (const std::string& text : {value, "a " + value + " b", value + "\n" + value, "(" + value + ")"}) {
            const std::string once = redact(text);
            const auto before = total();
            EXPECT_EQ(redact(once), once) << text;
            EXPECT_EQ(redact(once, "another conversation"), once) << text;
            EXPECT_EQ(total(), before) << once;
        }
    }
}

TEST_F(RedactorTest, ThePseudonymHasTheShapeOfTheValue) {
    for (const std::string value :
         {"4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "460-89-9847", "AB 12 34 56 C", "12345678Z",
          "+46 (0)8 928 571 38", "345-899-3560x4587", "811228-9874"})
        EXPECT_EQ(shape(redact(value)), shape(value));
    for (const std::string& value : values())
        if (value.find('@') == std::string::npos && value.find("::") == std::string::npos) {
            EXPECT_EQ(redact(value).size(), value.size()) << redact(value);
        }
    EXPECT_EQ(shape(redact("Jane.Doe@Corp.com")), "Aaaa.Aaa@Aaaa.aaaaaaa");
    EXPECT_THAT(redact("4111 1111 1111 1111"), testing::StartsWith("000"));
    EXPECT_THAT(redact("86.121.97.248"), testing::MatchesRegex("198\\.1[89]\\.[0-9][0-9]\\.[0-9][0-9][0-9]"));
}

TEST_F(RedactorTest, StableWithinAConversationAndUnlinkableAcross) {
    for (const std::string& value : values()) {
        EXPECT_EQ(redact(value), redact(value));
        EXPECT_NE(redact(value, "one"), redact(value, "two")) << value;
        RedactionCounts counts{};
        EXPECT_NE(Redactor(std::string(64, 'b')).redact(value, "c", counts), redact(value)) << value;
    }
    // Two spellings of one number get the same digits.
    const std::string spaced = redact("4111 1111 1111 1111");
    std::string bare;
    for (const char c : spaced)
        if (c != ' ') bare += c;
    EXPECT_EQ(redact("4111111111111111"), bare);
    EXPECT_EQ(redact("A@b.de").substr(1), redact("a@B.de").substr(1, 1) + redact("A@b.de").substr(2));
}

TEST_F(RedactorTest, ACardsPseudonymKeepsItsCheckDigit) {
    core::Random random(7);
    for (int i = 0; i < 200; ++i) {
        std::string payload = "4";
        while (payload.size() < 15) payload += static_cast<char>('0' + random.below(10));
        const std::string card = payload + luhn_check_digit(payload);
        const std::string pseudonym = redact(card);
        EXPECT_NE(pseudonym, card);
        EXPECT_TRUE(luhn_holds(pseudonym)) << pseudonym;
    }
}

TEST_F(RedactorTest, RandomMixturesAreStableUnderASecondPass) {
    core::Random random(11);
    const std::vector<std::string> glue{" ", "\n", ", ", " is ", " (", ") ", "; ", " call ", " = ", "\"", " | ", " 7 "};
    for (int i = 0; i < 300; ++i) {
        std::string text;
        for (int k = 0; k < 6; ++k) text += random.pick(values()) + random.pick(glue);
        const std::string once = redact(text);
        EXPECT_EQ(redact(once), once) << text;
    }
}

TEST_F(RedactorTest, OrdinaryTextStaysAsItIs) {
    for (const std::string text :
         {"How many of the 1,234 apples cost $5.99 on 2024-05-01 at 10:30?",
          "for (int i = 0; i < 10; ++i) sum += a[i];", "See RFC 2606 §3, ISBN 978-3-16-148410-0, version 1.2.3.",
          "Привет, как дела? 你好，世界。", "f(x) = 3x^2 + 2x - 1; x = 0.5772156649"}) {
        EXPECT_EQ(redact(text), text);
    }
    EXPECT_EQ(total(), 0u);
}

TEST_F(RedactorTest, ARequestIsRedactedWholeAndItsTurnsAgree) {
    Request request;
    request.messages = {{"system", "The user is jane@corp.com."}, {"user", "I am jane@corp.com"}};
    request.answer = "Hello jane@corp.com";
    redactor_.redact(request, counts_);
    EXPECT_EQ(counts_[static_cast<std::size_t>(Sensitive::email)], 3u);
    const std::string pseudonym = request.messages[1].content.substr(5);
    EXPECT_THAT(pseudonym, Not(HasSubstr("jane")));
    EXPECT_EQ(request.messages[0].content, "The user is " + pseudonym + ".");
    EXPECT_EQ(request.answer, "Hello " + pseudonym);
}

TEST(RedactionSecret, IsMadeOnceForTheOwnerAlone) {
    const core::TemporaryFolder folder;
    const auto file = folder.path() / "state" / "redaction.key";
    const std::string secret = redaction_secret(file);
    EXPECT_EQ(secret.size(), 64u);
    EXPECT_EQ(redaction_secret(file), secret);
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0600u);
    EXPECT_NE(redaction_secret(folder.path() / "other.key"), secret);
    core::write_file_atomic(folder.path() / "bad.key", "short\n");
    EXPECT_THROW(redaction_secret(folder.path() / "bad.key"), core::Error);
}

}  // namespace
}  // namespace scale::calibration

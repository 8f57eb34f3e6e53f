#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/redaction/checksums.h"
#include "calibration/redaction/redactor.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "kind: value" of everything that is found.
std::vector<std::string> found_in(const std::string& text) {
    std::vector<std::string> found;
    for (const Finding& finding : find_sensitive(text))
        found.push_back(std::string(sensitive_name(finding.kind)) + ": " +
                        text.substr(finding.begin, finding.end - finding.begin));
    return found;
}

struct Case {
    std::string text;
    std::string value;  // "" where nothing may be found
};

// Each case in a sentence, alone, and at the ends of a line.
void expect_found(Sensitive kind, const std::vector<Case>& cases) {
    for (const auto& [text, value] : cases) {
        if (value.empty()) {
            EXPECT_THAT(found_in(text), IsEmpty()) << text;
            continue;
        }
        EXPECT_THAT(found_in(text), ElementsAre(std::string(sensitive_name(kind)) + ": " + value)) << text;
    }
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

const std::string random40 = "q7Zr2Lx9Kb4Tn8Wd3Vc6Mh1Yp5Jf0Gs7Qa2Xe9Ub";  // stands for what a vendor would give out

TEST(FindEmails, TakesAddressesAndLeavesTheRest) {
    expect_found(Sensitive::email, {{"write to Jane.Doe+x@mail.corp.co.uk.", "Jane.Doe+x@mail.corp.co.uk"},
                                    {"<o'neil@corp.ie>", "o'neil@corp.ie"},
                                    {"mailto:a_b-c%d@x1.de", "a_b-c%d@x1.de"},
                                    {"jürgen@müller.de", "jürgen@müller.de"},
                                    {"a@b", ""},
                                    {"@handle and foo@ bar.com", ""},
                                    {"x@y.1", ""},
                                    {"git@github.com:a/b.git", ""},
                                    {"@app.route and @media.screen", ""},
                                    {"3.5 @ 2.5", ""}});
}

TEST(FindUrls, TakesCredentialsAndSecretsInQueries) {
    expect_found(Sensitive::url_credentials, {{"postgres://admin:s3cr3t@db.local:5432/x", "admin:s3cr3t"},
                                              {"redis://:hunter2@cache", ":hunter2"},
                                              {"see https://x.org/a?api_key=abcdef123456&b=1", "abcdef123456"},
                                              {"https://x.org:8080/path@2x.png", ""},
                                              {"https://x.org/?page=12345678", ""},
                                              {"http://[::1]:80/", ""}});
}

TEST(FindIpAddresses, TakesPublicOnes) {
    expect_found(Sensitive::ip_address,
                 {{"from 8.8.4.4, again", "8.8.4.4"},
                  {"86.121.97.248:443", "86.121.97.248"},
                  {"2a02:8071:b58a:c700::17", "2a02:8071:b58a:c700::17"},
                  {"[6e40:4041:c617:e898:c11:40d2:c669:2eb4]", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"},
                  {"2606:4700:4700::1111.", "2606:4700:4700::1111"},
                  {"127.0.0.1 and 192.168.1.10 and 10.0.0.1 and 0.0.0.0", ""},
                  {"version 1.2.3.4", ""},
                  {"v1.2.3.4 1.2.3.4.5", ""},
                  {"999.1.1.1", ""},
                  {"at 12:30:45 std::string ::1 fe80::1", ""}});
}

TEST(FindCards, NeedsLuhnAndAnIssuer) {
    expect_found(Sensitive::card, {{"4111 1111 1111 1111", "4111 1111 1111 1111"},
                                   {"card 4111-1111-1111-1111.", "4111-1111-1111-1111"},
                                   {"amex378282246310005 378282246310005", "378282246310005"},
                                   {"30569309025904", "30569309025904"},
                                   {"5555555555554444,", "5555555555554444"},
                                   {"exp 12 4111111111111111", "4111111111111111"},
                                   {"4111111111111112", ""},
                                   {"1234567812345670", ""},  // Luhn holds, no issuer
                                   {"0.4111111111111111", ""},
                                   {"x4111111111111111", ""}});
}

TEST(FindIbans, NeedsTheCountrysLengthAndMod97) {
    expect_found(Sensitive::iban, {{"pay GB82 WEST 1234 5698 7654 32 now", "GB82 WEST 1234 5698 7654 32"},
                                   {"de89370400440532013000", "de89370400440532013000"},
                                   {"FR1420041010050500013M02606.", "FR1420041010050500013M02606"},
                                   {"NO9386011117947", "NO9386011117947"},
                                   {"GB82 WEST 1234 5698 7654 33", ""},
                                   {"ab12 cdef", ""}});
}

TEST(FindNationalIds, ChecksDigitsOrAsksForAWord) {
    expect_found(Sensitive::national_id, {{"SSN 460-89-9847", "460-89-9847"},
                                          {"my social security number is 460899847", "460899847"},
                                          {"NI number AB 12 34 56 C", "AB 12 34 56 C"},
                                          {"DNI 12345678Z", "12345678Z"},
                                          {"NIE X1234567L", "X1234567L"},
                                          {"NIR 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"},
                                          {"RSSMRA85T10A562S", "RSSMRA85T10A562S"},
                                          {"Steuer-ID 86095742719", "86095742719"},
                                          {"PESEL 44051401359", "44051401359"},
                                          {"811228-9874", "811228-9874"},
                                          {"131052-308T", "131052-308T"},
                                          {"BSN 111222333", "111222333"},
                                          {"529.982.247-25", "529.982.247-25"},
                                          {"2341 2341 2346", "2341 2341 2346"},
                                          {"11010519491231002X", "11010519491231002X"},
                                          {"passport no. X1234567", "X1234567"},
                                          {"666-12-1234 and 900-12-1234 and 123-00-1234", ""},
                                          {"12345678A", ""},
                                          {"order 111222333", ""},
                                          {"2341 2341 2345", ""},
                                          {"811228-9875", ""}});
}

TEST(FindPhones, GoesByFormOrByTheWordsAround) {
    expect_found(Sensitive::phone, {{"+46 (0)8 928 571 38", "+46 (0)8 928 571 38"},
                                    {"(541) 714-1388!", "(541) 714-1388"},
                                    {"345-899-3560x4587", "345-899-3560x4587"},
                                    {"0490 75 40 81", "0490 75 40 81"},
                                    {"01.84.17.61.18", "01.84.17.61.18"},
                                    {"001-518-640-0854", "001-518-640-0854"},
                                    {"call me at 9472 7916 please", "9472 7916"},
                                    {"Mobile: 72 128 827", "72 128 827"},
                                    {"+447700921916", "+447700921916"},
                                    {"on 2024-05-01 or 01/05/2024", ""},
                                    {"from 2010-2015, zip 12345-6789", ""},
                                    {"pi is 3.14159265 and 1 000 000 000", ""},
                                    {"ISBN 978-3-16-148410-0", ""},
                                    {"order 72 128 827", ""},
                                    {"[1, 2, 3] 10 20 30 40", ""},
                                    {"let x = 1234567890;", ""}});
}

TEST(FindKeys, KnowsTokensByTheirForm) {
    expect_found(Sensitive::web_token, {{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP",
                                         "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP"},
                                        {"eyJ.a.b", ""}});
    expect_found(Sensitive::vendor_key,
                 {{"key ghp_" + random40.substr(0, 36), "ghp_" + random40.substr(0, 36)},
                  {"'AKIA" + std::string("IOSFODNN7ABCDEFG'"), "AKIA" + std::string("IOSFODNN7ABCDEFG")},
                  {"sk-proj-" + random40, "sk-proj-" + random40},
                  {"hf_" + random40.substr(0, 34), "hf_" + random40.substr(0, 34)},
                  {"sk-learn and risk-taking and task-sk-short", ""}});
    const std::string body = repeated("MIIEowIBAAKCAQEAx9f3\n", 4);
    const std::string pem = "-----BEGIN RSA PRIVATE KEY-----\n" + body + "-----END RSA PRIVATE KEY-----";
    ASSERT_EQ(found_in(pem).size(), 1u);
    EXPECT_THAT(found_in(pem)[0], testing::StartsWith("private key: "));
    EXPECT_THAT(found_in("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"), IsEmpty());
}

TEST(FindSecrets, TakesAssignedAndRandomOnes) {
    expect_found(Sensitive::assigned_secret, {{"my password is hunter2!", "hunter2"},
                                              {"PASSWORD=\"c0rrect-horse\"", "c0rrect-horse"},
                                              {"{\"api_key\": \"abc123def\"}", "abc123def"},
                                              {"Authorization: Bearer abc.DEF-123_456", "abc.DEF-123_456"},
                                              {"the password is required", ""},
                                              {"token = tokenizer.encode(text)", ""},
                                              {"password: str", ""}});
    expect_found(Sensitive::high_entropy, {{"id " + random40, random40},
                                           {"sha 9e107d9d372bb6826bd81d3542a419d6", "9e107d9d372bb6826bd81d3542a419d6"},
                                           {"getUserProfileInformationForAccount2", ""},
                                           {"550e8400-e29b-41d4-a716-446655440000", ""},
                                           {repeated("ab", 40), ""},
                                           {"x86_64-linux-gnu-gcc-12-multilib-base", ""},
                                           {repeated("0", 64), ""}});
}

TEST(Checksums, HoldForPublishedExamplesAndForNoNeighbour) {
    struct Example {
        bool (*holds)(std::string_view);
        std::string good;
    };
    for (const Example& example :
         {Example{luhn_holds, "79927398713"}, Example{mod97_holds, "GB82WEST12345698765432"},
          Example{verhoeff_holds, "234123412346"}, Example{mod11_10_holds, "86095742719"},
          Example{pesel_holds, "44051401359"}, Example{dni_holds, "12345678Z"}, Example{nir_holds, "255081416802538"},
          Example{codice_fiscale_holds, "RSSMRA85T10A562S"}, Example{cpf_holds, "52998224725"},
          Example{chinese_id_holds, "11010519491231002X"}}) {
        EXPECT_TRUE(example.holds(example.good)) << example.good;
        EXPECT_FALSE(example.holds("")) << example.good;
        EXPECT_FALSE(example.holds(example.good.substr(1))) << example.good;
        // All of them see every change of a single digit but PESEL's and the letters' own.
        for (std::size_t i = 4; i < example.good.size(); ++i) {
            std::string wrong = example.good;
            if (wrong[i] < '0' || wrong[i] > '8') continue;
            ++wrong[i];
            EXPECT_FALSE(example.holds(wrong)) << wrong;
        }
    }
    EXPECT_EQ(luhn_check_digit("7992739871"), '3');
}

// What a quadratic search would not survive: near misses of every rule, a megabyte each. There is no clock here; a
// search that goes back over what it has seen needs hours on it and runs into the test's limit.
TEST(FindSensitive, IsLinearOnHostileText) {
    for (const std::string piece : {"a@",
                                    "@",
                                    "a.a@a.",
                                    "1 ",
                                    "1-",
                                    "4 ",
                                    "+1",
                                    "(1",
                                    "0 1",
                                    "GB82 ",
                                    "eyJ",
                                    "eyJ.",
                                    "-----BEGIN PRIVATE KEY-----",
                                    "-----BEGIN RSA PRIVATE KEY-----A",
                                    "://",
                                    "a://a:",
                                    "a://:a",
                                    "?key=",
                                    "sk-",
                                    "password:",
                                    "bearer ",
                                    "1.2.3.",
                                    ":",
                                    "::",
                                    "a:b:",
                                    "f:",
                                    "aA1",
                                    "\xc3\xa9@",
                                    "AKIA",
                                    "12345678"}) {
        const std::string text = repeated(piece, static_cast<int>((std::size_t{1} << 20) / piece.size()));
        Findings found = find_sensitive(text);
        std::size_t end = 0;
        for (const Finding& finding : found) {
            ASSERT_LE(end, finding.begin) << piece;
            ASSERT_LE(finding.end, text.size()) << piece;
            end = finding.end;
        }
    }
}

}  // namespace
}  // namespace scale::calibration

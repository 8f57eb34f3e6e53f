#include "report/html.h"

#include <gtest/gtest.h>

#include "report/describe.h"

namespace scale::report {
namespace {

TEST(Html, NoTextBecomesMarkup) {
    Html page;
    page.open("p", {{"title", "\"><script>x</script>"}}).text("<b onclick='x'>&amp;</b>").close();
    EXPECT_EQ(
        page.take(),
        "<p title=\"&quot;&gt;&lt;script&gt;x&lt;/script&gt;\">&lt;b onclick=&#39;x&#39;&gt;&amp;amp;&lt;/b&gt;</p>\n");
}

TEST(Html, WithinALineNoWhiteSpaceIsAdded) {
    Html page;
    page.open("p").text("a").within("del", "<b>").text("c").close();
    EXPECT_EQ(page.take(), "<p>a<del>&lt;b&gt;</del>c</p>\n");
}

TEST(Html, ControlAndReorderingCharactersBecomeVisible) {
    EXPECT_EQ(escaped(std::string_view("a\0b\x1b[31m\r\xc2\x9b", 10)), "a\uFFFDb\uFFFD[31m\uFFFD\uFFFD");
    EXPECT_EQ(escaped("\u202Egpj.exe\u2066"), "\uFFFDgpj.exe\uFFFD");
    EXPECT_EQ(escaped("line\n\ttab ü 日 🙂"), "line\n\ttab ü 日 🙂");
}

TEST(Html, InvalidUtf8IsReplacedByteByByte) {
    EXPECT_EQ(escaped("\xff\xfe"), "\uFFFD\uFFFD");
    EXPECT_EQ(escaped("\xe2\x82"), "\uFFFD\uFFFD");  // cut short
    EXPECT_EQ(escaped("\xc0\xbc"
                      "script"),
              "\uFFFD\uFFFDscript");                           // an overlong '<'
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
}

TEST(Html, ABlockOfDataHoldsTheValuesAndCannotBeEnded) {
    const core::Json value = {{"text", "</script><!-- \u202E \x1b & \xff"}, {"list", {1, "<b>"}}};
    const std::string block = Html().data(value).take();
    const std::string tag = "<script type=\"application/json\">";
    const std::string inside = block.substr(tag.size(), block.rfind("</script>") - tag.size());
    EXPECT_EQ(inside.find_first_of("<>&"), std::string::npos);
    const core::Json read = core::Json::parse(inside);
    EXPECT_EQ(read["text"], "</script><!-- \uFFFD \uFFFD & \uFFFD");
    EXPECT_EQ(read["list"][1], "<b>");
}

TEST(OneLine, CutsByCharactersAndKeepsToOneLine) {
    EXPECT_EQ(one_line("short", 10), "short");
    EXPECT_EQ(one_line("a\nb\tc\x1b[0m", 20), "a b c [0m");
    EXPECT_EQ(one_line("üüüüü", 3), "üüü…");
    EXPECT_EQ(one_line(std::string(1 << 20, 'x'), 5), "xxxxx…");
    EXPECT_EQ(one_line("", 5), "");
}

}  // namespace
}  // namespace scale::report

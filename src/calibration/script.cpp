#include "calibration/script.h"

#include <algorithm>
#include <array>

namespace scale::calibration {

namespace {

struct Block {
    char32_t first;
    char32_t last;
    Script script;
};

constexpr Script kana = Script::japanese;

// The letters' blocks of the Unicode standard, ascending.
constexpr std::array blocks = std::to_array<Block>({
    {0x0041, 0x005a, Script::latin},
    {0x0061, 0x007a, Script::latin},
    {0x00aa, 0x024f, Script::latin},
    {0x0370, 0x03ff, Script::greek},
    {0x0400, 0x052f, Script::cyrillic},
    {0x0531, 0x058f, Script::other},
    {0x0591, 0x05f4, Script::hebrew},
    {0x0600, 0x08ff, Script::arabic},
    {0x0900, 0x0dff, Script::indic},
    {0x0e01, 0x109f, Script::thai},
    {0x10a0, 0x10ff, Script::other},
    {0x1100, 0x11ff, Script::hangul},
    {0x1200, 0x177f, Script::other},
    {0x1780, 0x17ff, Script::thai},
    {0x1800, 0x1dff, Script::other},
    {0x1e00, 0x1eff, Script::latin},
    {0x1f00, 0x1fff, Script::greek},
    {0x2c00, 0x2dff, Script::other},
    {0x3041, 0x30ff, kana},
    {0x3131, 0x318e, Script::hangul},
    {0x31f0, 0x31ff, kana},
    {0x3400, 0x4dbf, Script::han},
    {0x4e00, 0x9fff, Script::han},
    {0xa000, 0xabff, Script::other},
    {0xac00, 0xd7af, Script::hangul},
    {0xf900, 0xfaff, Script::han},
    {0xfb50, 0xfdff, Script::arabic},
    {0xfe70, 0xfeff, Script::arabic},
    {0xff66, 0xff9f, kana},
    {0x10000, 0x1efff, Script::other},
    {0x20000, 0x3ffff, Script::han},
});

}  // namespace

std::string_view script_name(Script script) {
    static constexpr std::array names{"Latin", "Cyrillic", "Greek",    "Arabic", "Hebrew", "Indic",
                                      "Thai",  "Han",      "Japanese", "Hangul", "other",  "no letters"};
    return names[static_cast<std::size_t>(script)];
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = static_cast<unsigned char>(text[at++]);
    if (byte < 0x80) return byte;
    const std::size_t more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    if (more == 0 || at + more > text.size()) return 0xfffd;
    char32_t value = byte & (0x3fu >> more);
    for (std::size_t i = 0; i < more; ++i) {
        const auto next = static_cast<unsigned char>(text[at]);
        if ((next & 0xc0) != 0x80) return 0xfffd;
        value = value << 6 | (next & 0x3f);
        ++at;
    }
    return value;
}

Script script_of(std::string_view text) {
    std::array<std::size_t, 12> counts{};
    std::size_t letters = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t letter = next_code_point(text, at);
        const auto block = std::lower_bound(blocks.begin(), blocks.end(), letter,
                                            [](const Block& b, char32_t value) { return b.last < value; });
        if (block == blocks.end() || letter < block->first) continue;
        ++counts[static_cast<std::size_t>(block->script)];
        ++letters;
    }
    if (letters == 0) return Script::none;
    auto& japanese = counts[static_cast<std::size_t>(Script::japanese)];
    auto& han = counts[static_cast<std::size_t>(Script::han)];
    if (japanese * 20 >= letters) {
        japanese += han;
        han = 0;
    }
    return static_cast<Script>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

double estimated_tokens(std::size_t bytes, Script script) {
    const double bytes_per_token = script == Script::latin || script == Script::none ? 4.0 : 2.5;
    return std::max(1.0, static_cast<double>(bytes) / bytes_per_token);
}

}  // namespace scale::calibration

#include "report/describe.h"

#include <fmt/format.h>

#include "core/json.h"
#include "core/text.h"
#include "record/reopened.h"

namespace scale::report {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// U+200E, U+200F, U+202A…U+202E and U+2066…U+2069 reorder text; U+2028 and U+2029 end lines.
bool is_reordering(char32_t code) {
    return code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

char32_t decode(std::string_view sequence) {
    if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
    char32_t code = static_cast<unsigned char>(sequence[0]) & (0x7Fu >> sequence.size());
    for (const char byte : sequence.substr(1)) code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3Fu);
    return code;
}

// The next character of `text` at `at`; an empty view for a byte that begins none.
std::string_view next_character(std::string_view text, std::size_t at) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(text[at]));
    const std::string_view sequence = text.substr(at, length);
    return length > 0 && sequence.size() == length && core::is_valid_utf8(sequence) ? sequence : std::string_view{};
}

std::string of_rollout(const record::Entry& entry) {
    std::string text;
    for (const char* key : {"reason", "sentence"})
        if (const auto found = entry.payload.find(key); found != entry.payload.end() && found->is_string())
            return found->get<std::string>();
    for (const auto& [key, value] : entry.payload.items())
        if (value.is_number()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, value.dump());
    return text;
}

}  // namespace

std::string visible(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view character = next_character(text, at);
        if (character.empty()) {
            safe += replacement;
            ++at;
            continue;
        }
        const char32_t code = decode(character);
        const bool kept = code == '\n' || code == '\t' || (!is_control(code) && !is_reordering(code));
        safe += kept ? character : replacement;
        at += character.size();
    }
    return safe;
}

std::string one_line(std::string_view text, std::size_t limit) {
    // Four bytes a character at most, so that a giant text costs no more than what is shown of it.
    const std::string safe = visible(text.substr(0, 4 * limit + 4));
    std::string line;
    std::size_t count = 0;
    for (std::size_t at = 0; at < safe.size(); ++count) {
        if (count == limit) return line + "…";
        const std::string_view character = next_character(safe, at);
        line += character == "\n" || character == "\t" || character == replacement ? std::string_view(" ") : character;
        at += character.size();
    }
    return text.size() > 4 * limit + 4 ? line + "…" : line;
}

std::string describe(const record::Entry& entry) {
    const core::Json& payload = entry.payload;
    if (!payload.is_object()) return {};
    const std::string_view kind = entry.kind;
    if (kind == record::kind::constraint) return payload.value("kind", "") + "-bound";
    if (kind == record::kind::reopened) {
        const auto parts = payload.value("parts", std::vector<std::string>{});
        return parts.empty() ? "all is as stage S measured it" : fmt::format("{}", fmt::join(parts, ", "));
    }
    if (kind == record::kind::decision)
        return fmt::format("{} ({})", payload.value("type", ""), payload.value("rule", ""));
    if (kind == record::kind::calibration_set)
        return fmt::format("{} samples, {} held out", payload.value("samples", 0), payload.value("holdout_samples", 0));
    if (kind == record::kind::artefact)
        return fmt::format("{} ({})", payload.value("path", ""),
                           core::human_bytes(payload.value("bytes", std::uint64_t{0})));
    if (kind == record::kind::budget) return fmt::format("{} points", payload.value("points", 0.0));
    if (kind == record::kind::forecast)
        return fmt::format("scale {} in {}", payload.value("command", ""),
                           core::human_duration(payload.value("seconds", 0.0)));
    if (kind == record::kind::gate_started) return "artefact " + payload.value("artefact_sha256", "").substr(0, 12);
    if (kind == record::kind::verdict) return payload.value("verdict", "");
    if (kind == record::kind::archived) return "original " + payload.value("original_sha256", "").substr(0, 12);
    return of_rollout(entry);
}

}  // namespace scale::report

// Keys and tokens that are known by their form.

#include <algorithm>

#include "calibration/redaction/finding.h"
#include "calibration/redaction/patterns.h"

namespace scale::calibration {

namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view key_mark = "PRIVATE KEY-----";

bool is_base64(char c) {
    return is_digit_byte(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '=';
}

std::string web_token_like(std::string_view value, KeyedStream& stream) {
    return "eyJ" + secret_like(value.substr(3), stream);
}

// The body of a PEM block: base64, perhaps as it is written inside a string, with \n for the ends of lines.
std::size_t body_end(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const bool escape = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == 'n' || text[at + 1] == 'r');
        if (!escape && !is_base64(text[at]) && text[at] != '\n' && text[at] != '\r' && text[at] != ' ') return at;
        at += escape ? 2 : 1;
    }
    return at;
}

std::string body_like(std::string_view value, KeyedStream& stream) {
    std::string text;
    std::size_t marked = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escape = value[i] == '\\';
        if (escape || !is_base64(value[i])) {
            text += value[i];
            if (escape && i + 1 < value.size()) text += value[++i];
        } else {
            text += marked < secret_mark.size() ? secret_mark[marked++] : stream.like(value[i]);
        }
    }
    return text;
}

struct VendorKey {
    std::string_view prefix;
    std::string_view beyond;  // characters of the secret beside letters and digits
    std::size_t shortest;     // of the secret, without the prefix
    std::size_t longest;
};

// Prefixes that vendors document, as secret scanners list them (GitHub: "Supported secret scanning patterns"). Where
// one is the beginning of another, the longer comes first.
const std::vector<VendorKey>& vendor_keys() {
    static const std::vector<VendorKey> keys{
        {"sk-proj-", "_-", 20, 300},
        {"sk-ant-", "_-", 20, 300},
        {"sk-or-", "_-", 20, 300},
        {"sk-svcacct-", "_-", 20, 300},
        {"sk-", "", 20, 100},
        {"ghp_", "", 30, 255},
        {"gho_", "", 30, 255},
        {"ghu_", "", 30, 255},
        {"ghs_", "", 30, 255},
        {"ghr_", "", 30, 255},
        {"github_pat_", "_", 40, 255},
        {"glpat-", "_-", 20, 100},
        {"xoxb-", "-", 10, 255},
        {"xoxp-", "-", 10, 255},
        {"xoxa-", "-", 10, 255},
        {"xoxr-", "-", 10, 255},
        {"xoxs-", "-", 10, 255},
        {"xoxe-", "-", 10, 255},
        {"AKIA", "", 16, 16},
        {"ASIA", "", 16, 16},
        {"AIza", "_-", 35, 35},
        {"ya29.", "_-", 20, 300},
        {"GOCSPX-", "_-", 20, 40},
        {"sk_live_", "", 16, 255},
        {"sk_test_", "", 16, 255},
        {"rk_live_", "", 16, 255},
        {"pk_live_", "", 16, 255},
        {"whsec_", "+/=", 24, 100},
        {"SG.", "_-.", 40, 100},
        {"hf_", "", 30, 60},
        {"gsk_", "", 40, 100},
        {"xai-", "", 40, 120},
        {"r8_", "", 36, 60},
        {"npm_", "", 36, 36},
        {"pypi-", "_-", 50, 300},
        {"dop_v1_", "", 64, 64},
        {"shpat_", "", 32, 32},
        {"shpss_", "", 32, 32},
        {"lin_api_", "", 40, 40},
        {"AGE-SECRET-KEY-1", "", 58, 58},
        {"AccountKey=", "+/=", 40, 120},
    };
    return keys;
}

const re2::RE2& vendor_pattern() {
    static const re2::RE2 pattern([] {
        std::string prefixes;
        for (const VendorKey& key : vendor_keys())
            prefixes += (prefixes.empty() ? "" : "|") + re2::RE2::QuoteMeta({key.prefix.data(), key.prefix.size()});
        return "(" + prefixes + ")([A-Za-z0-9_+/=.-]{10,})";
    }());
    return pattern;
}

std::size_t secret_length(const VendorKey& key, std::string_view run) {
    std::size_t length = 0;
    while (length < run.size() && ((is_word_byte(run[length]) && (run[length] & 0x80) == 0) ||
                                   key.beyond.find(run[length]) != std::string_view::npos))
        ++length;
    return length >= key.shortest && length <= key.longest ? length : 0;
}

std::string vendor_key_like(std::string_view value, KeyedStream& stream) {
    for (const VendorKey& key : vendor_keys())
        if (value.starts_with(key.prefix))
            return std::string(key.prefix) + secret_like(value.substr(key.prefix.size()), stream);
    return secret_like(value, stream);
}

}  // namespace

void find_private_keys(std::string_view text, Findings& found) {
    for (auto at = text.find(begin_mark); at != std::string_view::npos; at = text.find(begin_mark, at + 1)) {
        const std::string_view head = text.substr(at, begin_mark.size() + 40);
        const auto mark = head.find(key_mark);
        if (mark == std::string_view::npos || head.find('\n') < mark) continue;
        const std::size_t begin = at + mark + key_mark.size();
        const std::size_t end = body_end(text, begin);
        const std::string_view body = text.substr(begin, end - begin);
        if (std::count_if(body.begin(), body.end(), is_base64) < 32) continue;
        const auto first = static_cast<std::size_t>(std::find_if(body.begin(), body.end(), is_base64) - body.begin());
        const bool ours = body.substr(body.starts_with("\\n") ? 2 : first).starts_with(secret_mark);
        found.push_back({begin, end, Sensitive::private_key, ours ? nullptr : body_like});
        at = end - 1;
    }
}

void find_web_tokens(std::string_view text, Findings& found) {
    static const re2::RE2 pattern(R"(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)");
    if (text.find("eyJ") == std::string_view::npos) return;
    each_match<1>(pattern, text, [&](const std::string_view* match) {
        const std::size_t begin = offset_in(text, match[0]);
        const bool ours = is_marked_secret(match[0].substr(3, secret_mark.size()));
        found.push_back({begin, begin + match[0].size(), Sensitive::web_token, ours ? nullptr : web_token_like});
    });
}

void find_vendor_keys(std::string_view text, Findings& found) {
    each_match<3>(vendor_pattern(), text, [&](const std::string_view* match) {
        const std::size_t begin = offset_in(text, match[0]);
        if (begin > 0 && is_word_byte(text[begin - 1])) return;
        for (const VendorKey& key : vendor_keys()) {
            if (key.prefix != match[1]) continue;
            const std::size_t length = secret_length(key, match[2]);
            if (length == 0) return;
            const bool ours = is_marked_secret(match[2].substr(0, secret_mark.size()));
            found.push_back(
                {begin, begin + key.prefix.size() + length, Sensitive::vendor_key, ours ? nullptr : vendor_key_like});
        }
    });
}

}  // namespace scale::calibration

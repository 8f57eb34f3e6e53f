// Addresses on a network: e-mail, credentials in URLs, IP addresses.

#include <algorithm>
#include <arpa/inet.h>
#include <string>

#include "calibration/redaction/finding.h"
#include "calibration/redaction/patterns.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

bool is_reserved_domain(const std::string& domain) {
    for (const char* top : {".example", ".invalid", ".test", ".localhost"})
        if (domain.ends_with(top)) return true;
    for (const char* reserved : {"example.com", "example.net", "example.org"})
        if (domain == reserved || domain.ends_with(std::string(".") + reserved)) return true;
    return false;
}

// "icon@2x.png"
bool is_picture(const std::string& domain) {
    for (const char* top : {".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".css", ".js"})
        if (domain.ends_with(top)) return true;
    return false;
}

// "user:password" of a URL.
std::string credentials_like(std::string_view value, KeyedStream& stream) {
    const auto colon = value.find(':');
    std::string text;
    for (const char c : value.substr(0, colon)) text += stream.like(c);
    return text + ":" + secret_like(value.substr(colon + 1), stream);
}

// Not a person's: this host, private networks (RFC 1918), link-local, documentation, multicast.
bool is_reserved(std::uint32_t address) {
    const auto within = [&](std::uint32_t a, std::uint32_t b, int bits) {
        return (address ^ (a << 24 | b << 16)) >> (32 - bits) == 0;
    };
    return address >> 24 == 0 || address >> 24 == 10 || address >> 24 == 127 || address >> 28 >= 0xe ||
           within(172, 16, 12) || within(192, 168, 16) || within(169, 254, 16) || address >> 8 == 0xc00002 ||
           address >> 8 == 0xc63364 || address >> 8 == 0xcb0071;
}

enum class Address { none, pseudonym, personal };

Address judge_ipv4(const std::string& text) {
    in_addr parsed{};
    if (inet_pton(AF_INET, text.c_str(), &parsed) != 1) return Address::none;
    const std::uint32_t address = ntohl(parsed.s_addr);
    if (address >> 17 == 0xc612u >> 1) return Address::pseudonym;
    return is_reserved(address) ? Address::none : Address::personal;
}

Address judge_ipv6(const std::string& text) {
    in6_addr parsed{};
    if (text.size() < 6 || inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return Address::none;
    const unsigned first = parsed.s6_addr[0] * 256u + parsed.s6_addr[1];
    const unsigned second = parsed.s6_addr[2] * 256u + parsed.s6_addr[3];
    if (first == 0x2001 && second == 0xdb8) return Address::pseudonym;
    // This host and mapped addresses, link-local, private (RFC 4193), multicast; what is not given out yet counts.
    const bool reserved = first == 0 || first >> 6 == 0xfe80 >> 6 || first >> 9 == 0xfc00 >> 9 || first >> 8 == 0xff;
    return reserved ? Address::none : Address::personal;
}

void add_address(std::string_view text, std::string_view match, Address judged, Maker make, Findings& found) {
    if (judged == Address::none) return;
    const std::size_t begin = offset_in(text, match);
    found.push_back(
        {begin, begin + match.size(), Sensitive::ip_address, judged == Address::pseudonym ? nullptr : make});
}

}  // namespace

void find_emails(std::string_view text, Findings& found) {
    static const re2::RE2 pattern(R"(([\pL\pN._%+'-]*[\pL\pN_%+-])@((?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+\pL\pL+))");
    if (text.find('@') == std::string_view::npos) return;
    each_match<3>(pattern, text, [&](const std::string_view* match) {
        std::string_view value = match[0];
        while (!value.empty() && (value.front() == '\'' || value.front() == '.')) value.remove_prefix(1);
        const std::string domain = core::to_lower(match[2]);
        if (value.size() > 320 || value.starts_with("git@") || is_picture(domain)) return;
        const std::size_t begin = offset_in(text, value);
        const bool ours = is_reserved_domain(domain);
        found.push_back({begin, begin + value.size(), Sensitive::email, ours ? nullptr : email_like});
    });
}

void find_url_credentials(std::string_view text, Findings& found) {
    static const re2::RE2 authority(R"([A-Za-z][A-Za-z0-9+.-]*://([^\s/?#:@'"<>]*):([^\s/?#@'"<>]+)@)");
    static const re2::RE2 query(
        R"((?i)[?&](?:access_token|auth_token|api_?key|apikey|token|key|secret|client_secret|password|passwd|pwd|sig|signature|code)=([^&\s#'"<>]+))");
    if (text.find("://") != std::string_view::npos)
        each_match<3>(authority, text, [&](const std::string_view* match) {
            const std::size_t begin = offset_in(text, match[1]);
            const std::size_t end = offset_in(text, match[2]) + match[2].size();
            const bool ours = is_marked_secret(match[2].substr(0, secret_mark.size()));
            found.push_back({begin, end, Sensitive::url_credentials, ours ? nullptr : credentials_like});
        });
    each_match<2>(query, text, [&](const std::string_view* match) {
        if (match[1].size() < 8) return;
        const std::size_t begin = offset_in(text, match[1]);
        const bool ours = is_marked_secret(match[1].substr(0, secret_mark.size()));
        found.push_back({begin, begin + match[1].size(), Sensitive::url_credentials, ours ? nullptr : secret_like});
    });
}

void find_ip_addresses(std::string_view text, Findings& found) {
    static const re2::RE2 version6(R"([0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)");
    static const re2::RE2 version4(R"([0-9]{1,3}(?:\.[0-9]{1,3}){3})");
    each_match<1>(version6, text, [&](const std::string_view* match) {
        std::string_view value = match[0];
        while (!value.empty() && (value.back() == '.' || (value.back() == ':' && !value.ends_with("::"))))
            value.remove_suffix(1);
        const std::size_t begin = offset_in(text, value);
        if (value.size() > 45 || !stands_alone(text, begin, begin + value.size())) return;
        add_address(text, value, judge_ipv6(std::string(value)), ipv6_like, found);
    });
    each_match<1>(version4, text, [&](const std::string_view* match) {
        const std::size_t begin = offset_in(text, match[0]);
        const std::size_t end = begin + match[0].size();
        // A fifth group, or a letter before it ("v1.2.3.4"), makes it a version.
        const bool longer = (begin > 1 && text[begin - 1] == '.' && is_digit_byte(text[begin - 2])) ||
                            (end + 1 < text.size() && text[end] == '.' && is_digit_byte(text[end + 1]));
        if (longer || !stands_alone(text, begin, end) || has_context(text, begin, 10, {"version", "release"})) return;
        add_address(text, match[0], judge_ipv4(std::string(match[0])), ipv4_like, found);
    });
}

}  // namespace scale::calibration

#include "rollout/gateway/live_page.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/hash.h"

namespace scale::web {
extern const std::string_view live_page;
}

namespace scale::rollout {

namespace {

std::string base64(const unsigned char* bytes, std::size_t size) {
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

// " 'sha256-…'" for the content of every element of that name.
std::string hashes_of(std::string_view page, std::string_view element) {
    const std::string opening = fmt::format("<{}", element);
    const std::string closing = fmt::format("</{}>", element);
    std::string hashes;
    for (std::size_t at = page.find(opening); at != std::string_view::npos; at = page.find(opening, at)) {
        const std::size_t begin = page.find('>', at) + 1;
        const std::size_t end = page.find(closing, begin);
        if (begin == 0 || end == std::string_view::npos) break;
        core::Sha256 hash;
        hash.update(page.substr(begin, end - begin));
        const auto digest = hash.digest();
        hashes += fmt::format(" 'sha256-{}'", base64(digest.data(), digest.size()));
        at = end;
    }
    return hashes;
}

}  // namespace

std::string_view live_page() {
    return web::live_page;
}

std::string content_security_policy(std::string_view page) {
    return fmt::format(
        "default-src 'none'; script-src{}; style-src{}; img-src data:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        hashes_of(page, "script"), hashes_of(page, "style"));
}

const std::string& live_page_headers() {
    static const std::string headers = fmt::format(
        "content-type: text/html; charset=utf-8\r\ncontent-security-policy: {}\r\nx-content-type-options: nosniff\r\n"
        "x-frame-options: DENY\r\nreferrer-policy: no-referrer\r\ncross-origin-opener-policy: same-origin\r\n"
        "cross-origin-resource-policy: same-origin\r\npermissions-policy: camera=(), microphone=(), geolocation=()\r\n"
        "cache-control: no-store\r\n",
        content_security_policy(live_page()));
    return headers;
}

}  // namespace scale::rollout

#include "report/frame.h"

#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace scale::web {
extern const std::string_view report_page;  // cmake/embed_web.cmake
}

namespace scale::report {

namespace {

constexpr std::string_view policy_marker = "<!--policy-->";
constexpr std::string_view body_marker = "<!--report-->";

// The text of the page's one script.
std::string_view script_of(std::string_view page) {
    const std::size_t tag = page.find("<script");
    const std::size_t begin = page.find('>', tag) + 1;
    const std::size_t end = page.find("</script>", begin);
    if (tag == std::string_view::npos || end == std::string_view::npos || page.find("<script", end) != std::string_view::npos)
        throw std::logic_error("web/report does not have one script");
    return page.substr(begin, end - begin);
}

std::string sha256_base64(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    std::string text(4 * ((length + 2) / 3) + 1, '\0');
    text.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest, static_cast<int>(length))));
    return text;
}

std::string policy() {
    return fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                       "'unsafe-inline'; script-src 'sha256-{}'\" />",
                       sha256_base64(script_of(web::report_page)));
}

void replace(std::string& text, std::string_view marker, const std::string& by) {
    const std::size_t at = text.find(marker);
    if (at == std::string::npos) throw std::logic_error("web/report lacks " + std::string(marker));
    text.replace(at, marker.size(), by);
}

}  // namespace

std::string framed(const std::string& body) {
    std::string page(web::report_page);
    replace(page, policy_marker, policy());
    // Behind the head, where the script may hold the marker's text.
    const std::size_t place = page.rfind(body_marker);
    if (place == std::string::npos) throw std::logic_error("web/report lacks a place for the report");
    return page.replace(place, body_marker.size(), body);
}

}  // namespace scale::report

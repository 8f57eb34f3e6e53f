// The live page: one HTML file that is built from web/live and carried in the binary.
#pragma once

#include <string>
#include <string_view>

namespace scale::rollout {

std::string_view live_page();

// Header lines of the page: it may run its own scripts and styles (named by their hashes), talk to its own origin, and
// nothing else; it cannot be framed, and is not kept.
const std::string& live_page_headers();

// The Content-Security-Policy (W3C CSP3) for a page of inline scripts and styles.
std::string content_security_policy(std::string_view page);

}  // namespace scale::rollout

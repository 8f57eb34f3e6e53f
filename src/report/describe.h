// Short descriptions of entries and text made safe to print on one line.
#pragma once

#include <string>
#include <string_view>

#include "record/entry.h"

namespace scale::report {

// What the entry says, in a few words: "Q8_0 by rule …", "PASS".
std::string describe(const record::Entry& entry);

// The text with control characters (line ends and terminal escapes among them) as spaces, invalid UTF-8 replaced, cut
// after `limit` characters with "…".
std::string one_line(std::string_view text, std::size_t limit);

// The text as valid UTF-8 in which nothing acts on a terminal or reorders what a reader sees: control characters (tab
// and newline are kept), and the Unicode directional overrides and isolates become U+FFFD.
std::string visible(std::string_view text);

}  // namespace scale::report

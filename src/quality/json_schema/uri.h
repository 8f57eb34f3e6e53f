// References between schemas (RFC 3986).
#pragma once

#include <string>

namespace scale::quality {

// `reference` as seen from `base`, both with or without a fragment.
std::string resolve_uri(const std::string& base, const std::string& reference);

struct SplitUri {
    std::string resource;  // without the fragment
    std::string fragment;  // percent-decoded, without '#'
};
SplitUri split_uri(const std::string& uri);

}  // namespace scale::quality

#include "quality/json_schema/uri.h"

#include <cctype>
#include <optional>
#include <vector>

namespace scale::quality {
namespace {

struct Parts {
    std::string scheme;  // with ':'
    std::optional<std::string> authority;
    std::string path;
    std::optional<std::string> query;
    std::optional<std::string> fragment;
};

// RFC 3986, appendix B, without a regular expression.
Parts parse(std::string text) {
    Parts parts;
    if (const auto at = text.find('#'); at != std::string::npos) {
        parts.fragment = text.substr(at + 1);
        text.resize(at);
    }
    if (const auto at = text.find('?'); at != std::string::npos) {
        parts.query = text.substr(at + 1);
        text.resize(at);
    }
    const auto colon = text.find_first_of(":/");
    if (colon != std::string::npos && text[colon] == ':' && colon > 0 &&
        std::isalpha(static_cast<unsigned char>(text[0]))) {
        parts.scheme = text.substr(0, colon + 1);
        text.erase(0, colon + 1);
    }
    if (text.starts_with("//")) {
        const auto end = std::min(text.find('/', 2), text.size());
        parts.authority = text.substr(2, end - 2);
        text.erase(0, end);
    }
    parts.path = text;
    return parts;
}

std::string without_dots(const std::string& path) {
    std::vector<std::string> segments;
    std::string segment;
    bool open = false;  // ends in a directory
    for (std::size_t i = 0; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/') {
            segment += path[i];
            continue;
        }
        open = segment == "." || segment == "..";
        if (segment == ".." && segments.size() > 1) segments.pop_back();
        if (!open) segments.push_back(segment);
        segment.clear();
    }
    std::string result;
    for (std::size_t i = 0; i < segments.size(); ++i) result += (i == 0 ? "" : "/") + segments[i];
    return open ? result + "/" : result;
}

std::string join(const Parts& parts) {
    std::string text = parts.scheme;
    if (parts.authority) text += "//" + *parts.authority;
    text += parts.path;
    if (parts.query) text += "?" + *parts.query;
    if (parts.fragment) text += "#" + *parts.fragment;
    return text;
}

int hex(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) ? c - '0'
                                                       : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
}

}  // namespace

std::string resolve_uri(const std::string& base, const std::string& reference) {
    Parts target = parse(reference);
    if (!target.scheme.empty()) return join(target);
    const Parts from = parse(base);
    target.scheme = from.scheme;
    if (target.authority) return join(target);
    target.authority = from.authority;
    if (target.path.empty()) {
        target.path = from.path;
        if (!target.query) target.query = from.query;
    } else if (target.path[0] != '/') {
        const auto slash = from.path.rfind('/');
        target.path =
            (slash == std::string::npos ? std::string(from.authority ? "/" : "") : from.path.substr(0, slash + 1)) +
            target.path;
        target.path = without_dots(target.path);
    } else {
        target.path = without_dots(target.path);
    }
    return join(target);
}

SplitUri split_uri(const std::string& uri) {
    const auto at = uri.find('#');
    SplitUri split{uri.substr(0, at), {}};
    if (at == std::string::npos) return split;
    for (std::size_t i = at + 1; i < uri.size(); ++i) {
        const bool escape = uri[i] == '%' && i + 2 < uri.size() &&
                            std::isxdigit(static_cast<unsigned char>(uri[i + 1])) &&
                            std::isxdigit(static_cast<unsigned char>(uri[i + 2]));
        split.fragment += escape ? static_cast<char>(16 * hex(uri[i + 1]) + hex(uri[i + 2])) : uri[i];
        if (escape) i += 2;
    }
    return split;
}

}  // namespace scale::quality

#include "engine/job_protocol.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/text.h"

namespace scale::engine {

namespace {

using core::ErrorKind;

constexpr std::array<std::pair<ErrorKind, const char*>, 5> kind_names = {{{ErrorKind::input, "input"},
                                                                          {ErrorKind::io, "io"},
                                                                          {ErrorKind::worker, "worker"},
                                                                          {ErrorKind::usage, "usage"},
                                                                          {ErrorKind::refused, "refused"}}};

bool speaks_of_failure(std::string_view line) {
    static constexpr std::array<std::string_view, 12> words = {
        "error", "fail",   "abort",  "assert",  "exception",     "terminate",
        "fatal", "unable", "cannot", "invalid", "out of memory", "unsupported"};
    const std::string lower = core::to_lower(line);
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string last_lines(const std::vector<std::string>& lines, int limit) {
    const std::size_t count = std::min(lines.size(), static_cast<std::size_t>(limit));
    std::string text;
    for (std::size_t i = lines.size() - count; i < lines.size(); ++i) {
        if (!text.empty()) text += "\n";
        text += lines[i];
    }
    return text;
}

}  // namespace

core::Json error_to_json(const core::Error& error) {
    std::string kind = "worker";
    for (const auto& [known, name] : kind_names)
        if (known == error.kind()) kind = name;
    return {{"kind", kind}, {"found", error.found()}, {"expected", error.expected()}, {"next", error.next()}};
}

core::Error error_from_json(const core::Json& value) {
    const auto name = core::required<std::string>(value, "kind", "the worker's error");
    ErrorKind kind = ErrorKind::worker;
    for (const auto& [known, text] : kind_names)
        if (text == name) kind = known;
    return {kind, core::required<std::string>(value, "found", "the worker's error"), value.value("expected", ""),
            value.value("next", "")};
}

std::string telling_lines(const std::string& log, int limit) {
    std::vector<std::string> telling;
    std::vector<std::string> any;
    for (const std::string_view line : core::split_lines(log)) {
        const std::string text = core::trimmed(line);
        if (text.empty()) continue;
        any.push_back(text);
        if (speaks_of_failure(text)) telling.push_back(text);
    }
    return last_lines(telling.empty() ? any : telling, limit);
}

}  // namespace scale::engine

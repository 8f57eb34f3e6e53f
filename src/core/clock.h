// Wall-clock time as the record writes it: UTC, RFC 3339, milliseconds ("2026-11-24T12:00:00.123Z").
#pragma once

#include <chrono>
#include <string>

namespace scale::core {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

TimePoint now();
std::string to_rfc3339(TimePoint time);

// Throws an input error for anything but the form above (with or without the milliseconds).
TimePoint from_rfc3339(const std::string& text);

}  // namespace scale::core

#include "core/clock.h"

#include <cstdio>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::core {

using namespace std::chrono;

TimePoint now() {
    return floor<milliseconds>(system_clock::now());
}

std::string to_rfc3339(TimePoint time) {
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

TimePoint from_rfc3339(const std::string& text) {
    int y = 0, milli = 0, used = 0;
    unsigned mo = 0, d = 0;
    int h = 0, mi = 0, s = 0;
    const auto bad = [&] { return input_error("'" + text + "' is not a time", "a time such as 2026-11-24T12:00:00Z"); };
    if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6) throw bad();
    std::string rest = text.substr(static_cast<std::size_t>(used));
    if (rest.size() == 5 && rest[0] == '.') {
        if (std::sscanf(rest.c_str(), ".%3d", &milli) != 1) throw bad();
        rest = rest.substr(4);
    }
    const year_month_day date{year{y}, month{mo}, day{d}};
    if (rest != "Z" || !date.ok() || h > 23 || mi > 59 || s > 60) throw bad();
    return sys_days{date} + hours{h} + minutes{mi} + seconds{s} + milliseconds{milli};
}

}  // namespace scale::core

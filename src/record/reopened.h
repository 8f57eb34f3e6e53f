// Stage S, open again: what a check found to differ from what the constraint in force is about.
//
// An entry `reopened` builds on the constraint. The newest one counts; setting S again answers it, and so does one
// without parts, which says that all is as it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/entry.h"

namespace scale::record {

namespace kind {
inline constexpr const char* reopened = "reopened";  // S: payload Reopened
}  // namespace kind

struct Reopened {
    std::vector<std::string> parts;  // phrases, "engine (was …, is …)"; empty: all is as it was, S stands again
    std::string by;
    // Where the traffic is among them: the log that the next calibration set is drawn from, relative to the pass; ""
    // otherwise. It holds as long as [traffic] log has the digest `log_sha256`.
    std::string traffic_log;
    std::string log_sha256;
    std::int64_t since_ms = 0;  // requests before are left out: milliseconds since 1970
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Reopened, parts, by, traffic_log, log_sha256, since_ms)

// The entry in force that re-opens the newest constraint, or none.
const Entry* reopening_of(const std::vector<Entry>& entries);

// `changed` and what that entry names beside it.
std::vector<std::string> with_reopening(const std::vector<Entry>& entries, std::vector<std::string> changed);

}  // namespace scale::record

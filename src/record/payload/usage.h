// What a step of a pass takes: as predicted, and as it came. The rules of payload.h hold.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"

namespace scale::record {

// Measured while the step ran. All 0 in records of older programs. A step that was interrupted counts from where it
// went on.
struct Usage {
    double seconds = 0;        // wall clock
    std::uint64_t memory = 0;  // bytes resident in its largest process at the peak, pages of mapped files included
    std::uint64_t disk = 0;    // bytes by which its files made the pass folder larger, at most at once
    bool operator==(const Usage&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Usage, seconds, memory, disk)

// What `scale run` expects of a step, before it starts. Every figure is estimated.
struct Forecast {
    std::string command;  // "set", "choose", "lock --declare", "assemble", "quantize" or "lock"
    double seconds = 0;
    std::uint64_t memory = 0;  // as in Usage, as is disk
    std::uint64_t disk = 0;
    std::uint64_t kept = 0;  // bytes of that which stay when the step has ended
    std::string seconds_how;
    std::string memory_how;
    std::string disk_how;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Forecast, command, seconds, memory, disk, kept, seconds_how, memory_how,
                                                disk_how)

}  // namespace scale::record

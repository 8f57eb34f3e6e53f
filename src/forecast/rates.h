// What work costs where this pass has not measured it, fitted to earlier runs of a model of 135 million parameters
// (docs/measurements/forecast.md). Figures are a thread's unless they say otherwise.
#pragma once

#include <cstdint>

namespace scale::forecast::rate {

// Until stage S has measured the original. A guess: processors with matrix units do several times as much.
inline constexpr double operations = 40e9;      // a second, of a prompt's arithmetic
inline constexpr double bandwidth = 6e9;        // bytes a second
inline constexpr double most_bandwidth = 40e9;  // of all threads together

inline constexpr double disk_bytes = 300e6;               // a second: hashing, copying, converting, whole process
inline constexpr double job_seconds = 0.4;                // to start a worker and load what is in the page cache
inline constexpr std::uint64_t process_bytes = 48 << 20;  // that a worker holds besides models

inline constexpr double stock_weights = 12e6;   // a second, rounded by the stock quantiser, mean over the candidates
inline constexpr double refined_weights = 6e6;  // a second, with error feedback
inline constexpr double read_weights = 60e6;    // a second, decoded and looked at

// The looks at the whole model that a search for types takes (quantize/effort.h): the original's own, then one for each role
// of a matrix; and of those that decide, the original's, the plan's and three exchanges that did not help.
inline constexpr double probe_looks = 8, held_out_looks = 5;

}  // namespace scale::forecast::rate

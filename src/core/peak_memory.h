// The most memory that one process of a piece of work held: this process, or a child that it has waited for
// (core/process.h). Resident bytes, pages of mapped files included; processes that run side by side are not summed.
#pragma once

#include <cstdint>

namespace scale::core {

// From here on peak_memory() counts anew. Where the kernel does not let a process reset its own mark, this process's
// part is its peak since it started.
void restart_peak_memory();

// 0 where the system does not tell.
std::uint64_t peak_memory();

// For process.cpp: what the kernel says of a child that ended.
void note_child_memory(std::uint64_t bytes);

}  // namespace scale::core

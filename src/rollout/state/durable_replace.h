// A file of the rollout, written whole under another name and moved over its own: at whatever instruction the process is
// killed, the file is the old one or the new one.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace scale::rollout {

// Called with the name of each step, so that tests can kill the process there: opened, half written, written, synced,
// renamed, durable.
using StepHook = std::function<void(const char* step)>;

// `fresh` lies in the folder of `path` and belongs to one writer at a time; what a killed one left of it is written over.
// Readable by its owner alone. Durable when it returns; an io error where the disk refuses.
void durable_replace(const std::filesystem::path& path, const std::filesystem::path& fresh, std::string_view bytes,
                     const StepHook& before_step = {});

}  // namespace scale::rollout

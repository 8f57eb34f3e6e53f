#include "quantize/export/group_choice.h"

#include <fmt/format.h>

#include "core/error.h"

namespace scale::quantize {

namespace {

// Servers cut these along their inputs, the others along their outputs.
bool cut_along_inputs(const Module& module) {
    return module.tensor.find(".attn_output.") != std::string::npos ||
           module.tensor.find(".ffn_down.") != std::string::npos;
}

// "" where the layer can be stored with that group and served by so many devices.
std::string fault(const CheckpointFormat& format, const Module& module, int group, int devices) {
    const bool inputs = cut_along_inputs(module);
    const int share = inputs ? module.columns : module.rows;
    if (share % devices != 0)
        return fmt::format("its {} {} cannot be shared by {}", share, inputs ? "inputs" : "outputs", devices);
    const std::string stored =
        shape_fault(format, static_cast<std::uint64_t>(inputs ? module.rows : module.rows / devices),
                    static_cast<std::uint64_t>(inputs ? module.columns / devices : module.columns), group);
    if (stored.empty() || devices == 1) return stored;
    return fmt::format("shared by {} devices, {}", devices, stored);
}

}  // namespace

int choose_group(const CheckpointFormat& format, const std::vector<Module>& modules, int devices) {
    std::string reason;
    for (const int group : {128, 64, 32}) {
        reason.clear();
        for (const Module& module : modules)
            if (reason.empty())
                if (const std::string found = fault(format, module, group, devices); !found.empty())
                    reason = fmt::format("{} cannot be stored as {}: {}", module.module, format.name, found);
        if (reason.empty()) return format.per_row() ? 0 : group;
    }
    throw core::input_error(
        reason, "inputs and outputs in multiples of 32 on every device",
        devices > 1 ? "fewer devices (tensor_parallel in [deploy])" : "target = \"llama.cpp\" in [deploy]");
}

std::vector<std::string> notes_on_devices(const CheckpointFormat& format, const std::vector<Module>& modules,
                                          int group) {
    std::vector<std::string> notes;
    for (const int devices : {2, 4, 8})
        for (const Module& module : modules)
            if (const std::string found = fault(format, module, group == 0 ? 32 : group, devices); !found.empty()) {
                notes.push_back(fmt::format("no server can share this checkpoint between {} devices: {} {}", devices,
                                            module.module, found));
                return notes;  // more devices only make it worse
            }
    return notes;
}

}  // namespace scale::quantize

// The steps of `scale run`, in its order, and what each leaves in the record.
#pragma once

#include <array>

#include "record/stage.h"

namespace scale::record {

struct RunStep {
    const char* command;  // behind "scale "
    const char* kind;     // of the entry that it leaves
};

inline constexpr std::array<RunStep, 6> run_steps{{{"set", kind::constraint},
                                                   {"choose", kind::decision},
                                                   {"lock --declare", kind::budget},
                                                   {"assemble", kind::calibration_set},
                                                   {"quantize", kind::artefact},
                                                   {"lock", kind::verdict}}};

}  // namespace scale::record

// Checkpoints for the trial of stage C at servers (stand_in_job.h), before any calibration.
#pragma once

#include <filesystem>
#include <string>

#include "record/pass.h"

namespace scale::quantize {

// Writes the folder, which must not exist or be empty; nothing is recorded. Throws an input error for an unknown format
// or an original that is no Hugging Face folder; a refusal before stage S, or where the folder is not the one measured
// there.
void write_server_stand_in(const record::Pass& pass, const std::string& format, const std::filesystem::path& folder);

}  // namespace scale::quantize

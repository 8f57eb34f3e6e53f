// The engine work that `scale worker <job>` can do, by name.
#pragma once

#include "engine/job.h"

namespace scale::cli {

engine::Jobs all_jobs();

}  // namespace scale::cli

// What stage E hands on beside the events of a rollout. The rules of payload.h hold.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"

namespace scale::record {

// The original's weights, kept by content for a rollback.
struct Archived {
    std::string original_sha256;
    std::uint64_t bytes = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Archived, original_sha256, bytes)

}  // namespace scale::record

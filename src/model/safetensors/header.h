// The JSON header of a safetensors file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/safetensors/safetensors.h"

namespace scale::model {

struct SafetensorsHeader {
    std::vector<SafetensorInfo> tensors;  // by offset
    std::map<std::string, std::string> metadata;
};

// Reads the header of a file whose data begins at `data_offset` and has `data_bytes`. Throws an input error naming
// `source` for everything safetensors.h promises to refuse.
SafetensorsHeader read_header(std::string_view json, std::uint64_t data_offset, std::uint64_t data_bytes,
                              const std::string& source);

}  // namespace scale::model

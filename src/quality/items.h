// The items of a budget, made once and kept by content.
#pragma once

#include <filesystem>
#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::quality {

// Generates the items of the budget's last look for the original's tokenizer and keeps them as an object; its SHA-256.
std::string store_items(record::Pass& pass, const record::Budget& budget, const std::filesystem::path& original,
                        bool compressed, const std::filesystem::path& log);

}  // namespace scale::quality

// One line of the record.
//
// Format (DESIGN §3): a JSON object a line with exactly the members below. `hash` is the SHA-256 of the canonical bytes
// (core/json.h) of the object without `hash`; `prev` is the hash of the line before, 64 zeros for the first. The line
// itself is the canonical bytes of the whole object, so that any change of any byte shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/stage.h"

namespace scale::record {

inline constexpr int schema_version = 1;

struct Entry {
    std::uint64_t seq = 0;  // 1, 2, 3, …
    std::string time;       // core::to_rfc3339
    Stage stage = Stage::constraint;
    std::string kind;                  // record::kind
    int schema = schema_version;       // of the payload
    std::vector<std::string> parents;  // hashes of the entries this one builds on
    core::Json payload;
    std::string tool;  // "scale 0.1.0 (engine …)"
    std::string prev;
    std::string hash;
};

std::string genesis_hash();

// The hash that `entry.hash` must equal.
std::string computed_hash(const Entry& entry);

std::string to_line(const Entry& entry);  // without the newline

// Throws an input error naming `where` for anything but a line written by to_line with a right hash.
Entry from_line(std::string_view line, const std::string& where);

}  // namespace scale::record

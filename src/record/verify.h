// Verification of a pass by someone who trusts nothing but its record, its objects and its files.
//
// Nothing here reads scale.toml or calls a stage: every rule is stated again and checked on what is on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::record {

enum class Outcome {
    ok,
    note,  // true and worth knowing, but no damage: a torn tail, a tool that changed its seed
    failed,
};

struct Finding {
    std::string check;  // "chain", "order", "budget before result", …
    Outcome outcome = Outcome::ok;
    std::string detail;                  // one sentence: what was checked or what is wrong
    std::vector<std::uint64_t> entries;  // sequence numbers it is about
};

struct Verification {
    std::vector<Finding> findings;
    std::uint64_t entries = 0;
    bool ok() const;
};

// Never throws for damage in the pass: damage is a finding. Reads every stored object whole. A missing file
// whose SHA-256 stands in .scale/left-out, a line each, is a note: the pass came from a bundle that does not carry it.
Verification verify(const std::filesystem::path& pass_folder);

std::string_view outcome_name(Outcome outcome);  // "ok", "note", "FAILED"
core::Json to_json(const Verification& verification);

}  // namespace scale::record

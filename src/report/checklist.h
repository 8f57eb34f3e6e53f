// The tick-box companion: what the framework asks of each stage, ticked from the record and nothing else.
//
// A box is ticked by an entry that is current (see record/lineage.h) and says so; an entry that has become stale ticks
// nothing. What the record cannot show stays open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "record/lineage.h"

namespace scale::report {

struct Box {
    record::Stage stage = record::Stage::constraint;
    std::string text;  // what the framework asks
    bool ticked = false;
    std::string evidence;     // what the record says, or what is missing
    std::uint64_t entry = 0;  // the entry that says so; 0: none
};

struct Checklist {
    std::vector<Box> boxes;  // in the order of the stages
    std::size_t ticked() const;
};

// `now` (core::to_rfc3339) is compared with the expiry of the calibration set.
Checklist check(const record::Lineage& lineage, const std::string& now);

std::string to_text(const Checklist& checklist);
std::string to_markdown(const Checklist& checklist);
core::Json to_json(const Checklist& checklist);

}  // namespace scale::report

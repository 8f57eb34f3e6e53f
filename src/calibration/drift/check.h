// scale assemble --check LOG: does the set in force still stand for the traffic?
#pragma once

#include "calibration/assemble.h"
#include "calibration/traffic_index.h"
#include "record/pass.h"
#include "record/payload.h"

namespace scale::calibration {

// The profile object that assemble() stores beside the set.
std::string profile_of(const TrafficIndex& index, const Traffic& traffic, std::uint64_t seed);

// Compares the inputs; where there is an artefact made with the set, also runs a sample of the new requests through the
// original and the artefact (suffering.h), unless `quick`. A changed model, tokenizer or chat template is a reason to
// refresh by itself.
//
// Appends one traffic_check entry that names the set and returns its payload. Refuses (exit 5) where no set is in
// force; an input error where the set was assembled by a version that kept no profile.
record::TrafficCheck check_traffic(record::Pass& pass, const std::optional<std::filesystem::path>& log,
                                   bool quick = false);

// The same for the gateway's log: its newest requests since the set in force was assembled. The entry's hash comes too.
struct LiveCheck {
    record::TrafficCheck check;
    std::string entry_hash;
    std::int64_t since_ms = 0;  // when the set in force was assembled, milliseconds since 1970
};
LiveCheck check_live_traffic(record::Pass& pass, const std::filesystem::path& log, bool quick);

}  // namespace scale::calibration

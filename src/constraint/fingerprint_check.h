// What a pass is about: model, machine, engine and traffic, as digests; and which of them have changed since stage S.
//
// A change of model, hardware or traffic re-opens S (DESIGN §2 rule 6): the figures that the constraint rests on were
// measured on something else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::constraint {

// Last change of the file, nanoseconds since 1970.
std::int64_t modified_at(const std::filesystem::path& file);

// The digest of the traffic log, "" where there is none yet.
std::string traffic_digest(const record::Pass& pass);

// The parts that differ now from the recorded fingerprint, as phrases such as "model file (…)". Empty: nothing changed.
// The model is hashed only where its size or time of change differ from the record; tokenizer and template only where
// its hash differs. A log that appeared after stage S is not a change; one that changed is.
std::vector<std::string> changed_parts(const record::Constraint& recorded, const record::Pass& pass);

// The same without the traffic log. A model whose file is gone but whose weights the pass has archived by content has
// not changed. Throws an input or io error where a part cannot be examined, since that is no change.
std::vector<std::string> changed_under_rollout(const record::Constraint& recorded, const record::Pass& pass);

}  // namespace scale::constraint

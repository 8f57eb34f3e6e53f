// Stage L: measures original and candidate under the declared budget, and records the verdict.
#pragma once

#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::quality {

struct Locked {
    record::Verdict verdict;
    std::string hash;       // of its entry
    bool recalled = false;  // this artefact was judged under this budget before; nothing was measured again
};

// Needs stage A done and a budget declared (refused without). The order in the record proves the rule: the budget's
// entry, then gate_started (before the engine runs), then the verdict, which names all of them. A killed gate continues
// from its checkpoint under the same gate_started. Both files are hashed first; bytes that are not those of the record
// are an input error. A low-stakes pass is compressed: a third of the items, no consistency suite.
Locked lock_quality(record::Pass& pass, int threads);

}  // namespace scale::quality

// Declaring the budget: the bar, fixed before any result of the candidate exists.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/pass.h"

namespace scale::quality {

// The budget of scale.toml with every margin written out that it leaves to a rule.
record::Budget complete(record::Budget budget);

// What scale.toml declares, with the hashes of `declared` (items, baseline, template), which are not in the file.
record::Budget as_declared(const record::PassFile& file, const record::Budget& declared);

// What makes `later` easier to pass than `earlier`: a wider margin, a higher error rate, fewer or shorter items, other
// items (another seed). Empty where it is as strict or stricter.
std::vector<std::string> loosened(const record::Budget& earlier, const record::Budget& later);

struct Declaration {
    record::Budget budget;
    std::string hash;        // of its entry
    bool unchanged = false;  // the same budget was in force already; nothing was appended
};

// Makes the items and appends the budget with their hash and those of original and template. Needs a constraint
// (refused without). Refuses a budget that is looser than one under which a gate has started on the bytes of the
// current artefact: the bar may not move once a result exists.
Declaration declare_budget(record::Pass& pass);

}  // namespace scale::quality

// What a gate is about: the models, the budget and the texts, as the record names them.
#pragma once

#include <filesystem>
#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::quality {

struct Subject {
    record::Entry artefact_entry;
    record::Entry budget_entry;
    record::Artefact artefact;
    record::Budget budget;
    std::filesystem::path held_out;
    std::string held_out_sha256;
    std::filesystem::path original;
    std::filesystem::path candidate;
    std::string kv_type;  // of the cache that the constraint was set for
    bool compressed = false;

    bool served() const { return budget.scoring.distribution == "servers"; }  // as declared
};

// What every gate of the pass is about: budget, held-out texts, original, and how it is served. Refused without a
// declared budget, or where it wants servers that scale.toml does not name; stage A must be done. The candidate is the
// caller's.
Subject declared_subject(const record::Pass& pass, const record::Lineage& lineage);

// The same with the pass's artefact as the candidate. Needs stage A done and a budget declared (refused without), for
// this original.
Subject find_subject(const record::Pass& pass, const record::Lineage& lineage);

// Throws an input error where the file is not the one of the record; `what` is "original" or "candidate".
void require_bytes(const std::filesystem::path& path, const std::string& sha256, const std::string& what);

}  // namespace scale::quality

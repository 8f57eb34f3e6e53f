// Writes the plan for quantisation-aware training of this model: every section that plan.h asks for, computed. It is
// not accepted until a person puts a name behind "Accepted by:".
#pragma once

#include <filesystem>
#include <string>

#include "choice/qat/facts.h"
#include "record/pass.h"

namespace scale::choice {

std::string qat_plan_text(const QatFacts& facts, const std::string& plan_path);

struct WrittenPlan {
    std::filesystem::path path;
    std::string type;  // of the artefact it leads to
};

// `path` must not exist; `pinned` is a type below 4 bits or "" (facts.h). Records nothing: a plan is a proposal.
WrittenPlan write_qat_plan(const record::Pass& pass, const std::filesystem::path& path, const std::string& pinned);

}  // namespace scale::choice

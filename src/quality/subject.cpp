#include "quality/subject.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "quality/budget.h"

namespace scale::quality {

namespace fs = std::filesystem;

void require_bytes(const fs::path& path, const std::string& sha256, const std::string& what) {
    core::Progress progress(fmt::format("checking the {}", what));
    const auto size = static_cast<double>(fs::exists(path) ? fs::file_size(path) : 0);
    const std::string found = core::sha256_file(
        path, [&](std::uint64_t done) { progress.update(static_cast<double>(done), std::max(size, 1.0)); });
    if (found != sha256)
        throw core::input_error(
            fmt::format("{} is not the {} of the record: SHA-256 {}…", path.string(), what, found.substr(0, 12)),
            fmt::format("SHA-256 {}…", sha256.substr(0, 12)),
            fmt::format("restore the file, or start again: {}", what == "original" ? "scale set" : "scale quantize"));
}

Subject declared_subject(const record::Pass& pass, const record::Lineage& lineage) {
    const record::Entry* budget = lineage.current(record::kind::budget);
    if (!budget)
        throw core::refused("no budget is declared for this pass", "the bar is fixed before anything is measured",
                            "scale lock --declare");
    Subject subject;
    subject.budget_entry = *budget;
    subject.budget = budget->payload.get<record::Budget>();
    if (subject.served() && pass.file().quality.original_url.empty())
        throw core::refused("the budget declares distribution = \"servers\", and scale.toml names none",
                            "original_url and candidate_url in [quality]",
                            "start a server for each model and name them");
    const auto set = lineage.current(record::kind::calibration_set)->payload.get<record::CalibrationSet>();
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    subject.held_out_sha256 = set.holdout_sha256;
    subject.held_out = pass.objects().path(set.holdout_sha256);
    subject.original = pass.original(constraint.model_path.empty() ? pass.file().model.path : constraint.model_path);
    subject.kv_type = constraint.workload.kv_type;
    subject.compressed = constraint.stakes == "low";
    return subject;
}

Subject find_subject(const record::Pass& pass, const record::Lineage& lineage) {
    lineage.require_done(record::Stage::calibration);
    Subject subject = declared_subject(pass, lineage);
    subject.artefact_entry = *lineage.current(record::kind::artefact);
    subject.artefact = subject.artefact_entry.payload.get<record::Artefact>();
    subject.candidate = pass.resolve(subject.artefact.path);
    if (!subject.budget.baseline_sha256.empty() && subject.budget.baseline_sha256 != subject.artefact.original_sha256)
        throw core::refused("the budget was declared for another original than the artefact was made from",
                            "one original in budget and artefact", "scale lock --declare");
    if (core::Json(as_declared(pass.file(), subject.budget)) != core::Json(subject.budget))
        core::say("note: [budget] of scale.toml is not the declared one; the declared one counts");
    return subject;
}

}  // namespace scale::quality

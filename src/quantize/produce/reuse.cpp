#include "quantize/produce/reuse.h"

#include <filesystem>

#include "core/file.h"
#include "core/hash.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

// Was the artefact made by what is asked for now?
bool as_planned(const record::Artefact& artefact, const PlanOrder& wanted) {
    if (!wanted.wish.plan_file.empty())
        return artefact.allocation == "pinned" &&
               artefact.plan_sha256 ==
                   digest(parse_plan(core::read_file(wanted.wish.plan_file), wanted.wish.plan_file));
    return artefact.allocation == (searches(wanted) ? "searched" : "stock") &&
           artefact.budget == budget_label(wanted.wish, wanted.decision);
}

}  // namespace

std::optional<record::Artefact> finished(const record::Pass& pass, const record::Lineage& lineage,
                                         const QuantizeOptions& options, const PlanOrder& wanted) {
    const record::Entry* entry = lineage.current(record::kind::artefact);
    if (!entry) return std::nullopt;
    auto artefact = entry->payload.get<record::Artefact>();
    const fs::path file = pass.resolve(artefact.path);
    const bool imported = !artefact.imported_sha256.empty();
    if (!options.trained.empty() && (!imported || core::sha256_file(options.trained) != artefact.imported_sha256))
        return std::nullopt;
    if (!imported && artefact.rounding != pass.file().calibration.rounding) return std::nullopt;
    if (!imported && !as_planned(artefact, wanted)) return std::nullopt;
    if (!fs::exists(file) || core::sha256_file(file) != artefact.sha256) return std::nullopt;
    return artefact;
}

}  // namespace scale::quantize

#include "cli/changed_parts.h"

#include "constraint/fingerprint_check.h"
#include "core/error.h"
#include "record/pass.h"

namespace scale::cli {

std::vector<std::string> changed_since_constraint(const std::filesystem::path& folder, const record::Lineage& lineage) {
    const record::Entry* entry = record::latest(lineage.entries, record::kind::constraint);
    if (!entry || !std::filesystem::exists(folder / "scale.toml")) return {};
    try {
        return constraint::changed_parts(entry->payload.get<record::Constraint>(), record::Pass(folder));
    } catch (const core::Error& problem) {
        return {"cannot be compared: " + problem.found()};
    }
}

}  // namespace scale::cli

#include "cli/changed_parts.h"
#include "cli/commands.h"
#include "core/clock.h"
#include "record/store.h"
#include "report/status.h"

namespace scale::cli {

namespace {

Ending show_status(const GlobalOptions& global) {
    // Without Pass: a folder without scale.toml has a status too.
    const record::Lineage lineage = record::judge(record::Store(global.folder).read());
    report::StatusView view = report::view_status(lineage, changed_since_constraint(global.folder, lineage),
                                                   core::to_rfc3339(core::now()));
    if (lineage.entries.empty() && !std::filesystem::exists(global.folder / "scale.toml"))
        view.next = "scale init MODEL.gguf";
    return {exit_code::done, report::to_text(view), report::to_json(view), view.next};
}

}  // namespace

void add_status_command(CLI::App& app, Commands& commands) {
    commands.add(app, "status", "which stage, which decision is on the table, what is stale and why", "scale status --json",
                 [&commands] { return show_status(commands.global()); });
}

}  // namespace scale::cli

#include <memory>

#include "cli/commands.h"
#include "core/clock.h"
#include "record/store.h"
#include "report/checklist.h"
#include "report/status.h"

namespace scale::cli {

namespace {

Ending show_checklist(const GlobalOptions& global, bool markdown) {
    const record::Lineage lineage = record::judge(record::Store(global.folder).read());
    const report::Checklist checklist = report::check(lineage, core::to_rfc3339(core::now()));
    // Markdown is meant for a file or a pull request: nothing follows it.
    return {exit_code::done, markdown ? report::to_markdown(checklist) : report::to_text(checklist),
            report::to_json(checklist), markdown ? "" : report::view_status(lineage).next};
}

}  // namespace

void add_checklist_command(CLI::App& app, Commands& commands) {
    const auto markdown = std::make_shared<bool>(false);
    CLI::App* command = commands.add(app, "checklist", "the framework's boxes, ticked from the record alone",
                                     "scale checklist --markdown > checklist.md",
                                     [&commands, markdown] { return show_checklist(commands.global(), *markdown); });
    command->add_flag("--markdown", *markdown, "as a Markdown task list");
}

}  // namespace scale::cli

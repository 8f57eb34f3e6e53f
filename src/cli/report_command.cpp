#include <memory>

#include <fmt/format.h>

#include "cli/changed_parts.h"
#include "cli/commands.h"
#include "core/clock.h"
#include "core/file.h"
#include "record/store.h"
#include "record/tool.h"
#include "record/verify.h"
#include "report/report.h"

namespace scale::cli {

namespace {

Ending write_report(const GlobalOptions& global, const std::string& output) {
    const record::Lineage lineage = record::judge(record::Store(global.folder).read());
    const record::Verification verification = record::verify(global.folder);
    const std::string page =
        report::render_report({lineage, verification, changed_since_constraint(global.folder, lineage),
                               core::to_rfc3339(core::now()), record::tool_name()});
    const std::filesystem::path file =
        output.empty() ? global.folder / "scale-report.html" : std::filesystem::path(output);
    core::write_file_atomic(file, page);
    return {exit_code::done,
            fmt::format("wrote {} ({} KiB, self-contained)", file.string(), page.size() / 1024),
            {{"file", file.string()}, {"bytes", page.size()}},
            "scale verify"};
}

}  // namespace

void add_report_command(CLI::App& app, Commands& commands) {
    const auto output = std::make_shared<std::string>();
    CLI::App* command = commands.add(app, "report", "write the report: one self-contained HTML file",
                                     "scale report --output report.html",
                                     [&commands, output] { return write_report(commands.global(), *output); });
    command->add_option("--output", *output, "file to write (default: scale-report.html in the pass)");
}

}  // namespace scale::cli

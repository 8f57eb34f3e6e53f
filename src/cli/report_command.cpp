#include <map>
#include <memory>

#include <fmt/format.h>

#include "cli/changed_parts.h"
#include "cli/commands.h"
#include "core/clock.h"
#include "core/file.h"
#include "record/store.h"
#include "record/tool.h"
#include "record/verify.h"
#include "report/formats/formats.h"
#include "report/handoff/model_card.h"
#include "report/report.h"

namespace scale::cli {

namespace {

struct ReportOptions {
    std::string format = "html";
    std::string output;
};

struct Format {
    std::string file_name;
    std::string what;
};

const std::map<std::string, Format>& formats() {
    static const std::map<std::string, Format> all{
        {"html", {"scale-report.html", "self-contained"}},
        {"markdown", {"scale-report.md", "Markdown, for a pull request"}},
        {"junit", {"scale-report.xml", "JUnit, for a CI"}},
        {"card", {"MODEL_CARD.md", "model card with serving lines"}},
    };
    return all;
}

std::string rendered(const std::string& format, const report::ReportInput& input, const GlobalOptions& global) {
    if (format == "markdown") return report::report_markdown(input);
    if (format == "junit") return report::report_junit(input);
    if (format == "html") return report::render_report(input);
    const record::Entry* artefact = record::latest(input.lineage.entries, record::kind::artefact);
    const std::string path = artefact ? artefact->payload.value("path", "") : "";
    return report::model_card(input.lineage, report::origin_of(global.folder / path));
}

Ending write_report(const GlobalOptions& global, const ReportOptions& options) {
    const record::Lineage lineage = record::judge(record::Store(global.folder).read());
    const record::Verification verification = record::verify(global.folder);
    const Format& format = formats().at(options.format);
    const std::string text =
        rendered(options.format,
                 {lineage, verification, changed_since_constraint(global.folder, lineage), core::to_rfc3339(core::now()),
                  record::tool_name()},
                 global);
    const std::filesystem::path file =
        options.output.empty() ? global.folder / format.file_name : std::filesystem::path(options.output);
    core::write_file_atomic(file, text);
    return {exit_code::done,
            fmt::format("wrote {} ({} KiB, {})", file.string(), (text.size() + 1023) / 1024, format.what),
            {{"file", file.string()}, {"bytes", text.size()}, {"format", options.format}},
            "scale verify"};
}

}  // namespace

void add_report_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<ReportOptions>();
    CLI::App* command = commands.add(
        app, "report", "write the report: one self-contained HTML file, or Markdown, JUnit, a model card",
        "scale report --format junit --output scale.xml",
        [&commands, options] { return write_report(commands.global(), *options); });
    command->add_option("--format", options->format, "html, markdown, junit or card")
        ->check(CLI::IsMember({"html", "markdown", "junit", "card"}))
        ->capture_default_str();
    command
        ->add_option("--output", options->output,
                     "file to write (default in the pass: scale-report.html, .md or .xml, MODEL_CARD.md)")
        ->type_name("FILE");
}

}  // namespace scale::cli

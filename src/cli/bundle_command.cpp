#include <memory>

#include <fmt/format.h>

#include "cli/changed_parts.h"
#include "cli/commands.h"
#include "core/error.h"
#include "record/store.h"
#include "record/tool.h"
#include "record/verify.h"
#include "report/bundle/bundle.h"
#include "report/report.h"

namespace scale::cli {

namespace {

struct PackOptions {
    std::string output;
    bool without_weights = false;
};

std::string default_name(const std::filesystem::path& folder) {
    const std::filesystem::path whole = std::filesystem::weakly_canonical(folder);
    return whole.filename().string() + ".scale.tar";
}

Ending write_bundle(const GlobalOptions& global, const PackOptions& options) {
    const record::Lineage lineage = record::judge(record::Store(global.folder).read());
    const record::Verification verification = record::verify(global.folder);
    if (!verification.ok())
        throw core::input_error("the record does not hold", "a pass that scale verify finds whole", "scale verify");
    // The time of the last entry, so that the same pass gives the same bundle.
    const std::string time = lineage.entries.empty() ? "" : lineage.entries.back().time;
    const std::string page = report::render_report(
        {lineage, verification, changed_since_constraint(global.folder, lineage), time, record::tool_name()});
    const std::string file = options.output.empty() ? default_name(global.folder) : options.output;
    const report::BundleSummary bundle =
        report::write_bundle(global.folder, lineage, page, {file, !options.without_weights});
    std::string text =
        fmt::format("wrote {}: {} files, {:.1f} MiB\nmanifest SHA-256 {} (sign this; all else follows from it)", file,
                    bundle.files, static_cast<double>(bundle.bytes) / (1 << 20), bundle.manifest_sha256);
    for (const std::string& sha256 : bundle.left_out) text += "\nnot in it: the file with SHA-256 " + sha256;
    return {exit_code::done,
            text,
            {{"file", file},
             {"bytes", bundle.bytes},
             {"files", bundle.files},
             {"manifest_sha256", bundle.manifest_sha256},
             {"left_out", bundle.left_out}},
            fmt::format("scale verify {}", file)};
}

}  // namespace

void add_bundle_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<PackOptions>();
    CLI::App* command =
        commands.add(app, "bundle", "pack the pass for another team: record, objects, artefact and report in one file",
                     "scale bundle --output release.scale.tar",
                     [&commands, options] { return write_bundle(commands.global(), *options); });
    command->add_option("--output", options->output, "file to write (default: the pass's name and .scale.tar, here)")->type_name("FILE");
    command->add_flag("--without-weights", options->without_weights, "all but the artefact itself");
}

}  // namespace scale::cli

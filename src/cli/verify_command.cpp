#include <fmt/format.h>

#include "cli/commands.h"
#include "record/verify.h"
#include "report/describe.h"

namespace scale::cli {

namespace {

Ending verify_pass(const GlobalOptions& global) {
    const record::Verification verification = record::verify(global.folder);
    std::string text;
    for (const record::Finding& finding : verification.findings)
        text += fmt::format("{:<7} {}: {}\n", record::outcome_name(finding.outcome), finding.check,
                            report::one_line(finding.detail, 400));
    text += verification.ok() ? "\nThe record holds."
                              : "\nThe record does not hold: restore what FAILED from a copy, or do its stage again.";
    return {verification.ok() ? exit_code::done : exit_code::error, text, record::to_json(verification),
            verification.ok() ? "scale status" : ""};
}

}  // namespace

void add_verify_command(CLI::App& app, Commands& commands) {
    commands.add(app, "verify", "recompute every hash of the record; check order, budget, verdict and files",
                 "scale verify --dir PASS", [&commands] { return verify_pass(commands.global()); });
}

}  // namespace scale::cli

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/error.h"
#include "core/file.h"
#include "record/verify.h"
#include "report/bundle/bundle.h"
#include "report/describe.h"

namespace scale::cli {

namespace {

struct VerifyOptions {
    std::string bundle;
    std::string into;
};

std::string table_of(const record::Verification& verification) {
    std::string text;
    for (const record::Finding& finding : verification.findings)
        text += fmt::format("{:<7} {}: {}\n", record::outcome_name(finding.outcome), finding.check,
                            report::one_line(finding.detail, 400));
    return text;
}

Ending ending_of(const record::Verification& verification, std::string text, const std::string& next) {
    text += table_of(verification);
    text += verification.ok() ? "\nThe record holds."
                              : "\nThe record does not hold: restore what FAILED from a copy, or do its stage again.";
    return {verification.ok() ? exit_code::done : exit_code::error, text, record::to_json(verification),
            verification.ok() ? next : ""};
}

Ending verify_bundle(const VerifyOptions& options) {
    const std::filesystem::path bundle = options.bundle;
    // Beside the bundle, where there was room for it, unless a folder is named.
    std::optional<core::TemporaryFolder> passing;
    if (options.into.empty()) passing.emplace(".scale-verify", bundle.has_parent_path() ? bundle.parent_path() : ".");
    const std::filesystem::path folder = passing ? passing->path() / "pass" : std::filesystem::path(options.into);
    const report::UnpackedBundle unpacked = report::unpack_bundle(bundle, folder);
    const record::Verification verification = record::verify(folder);
    Ending ending = ending_of(verification,
                              fmt::format("ok      bundle: {} files, each with the digest that the manifest names; "
                                          "manifest SHA-256 {}\n",
                                          unpacked.files, unpacked.manifest_sha256),
                              passing ? fmt::format("scale verify {} --into FOLDER", bundle.string())
                                      : fmt::format("scale status --dir {}", folder.string()));
    ending.json["manifest_sha256"] = unpacked.manifest_sha256;
    ending.json["files"] = unpacked.files;
    return ending;
}

Ending run_verify(const GlobalOptions& global, const VerifyOptions& options) {
    if (!options.bundle.empty()) return verify_bundle(options);
    if (!options.into.empty()) throw core::usage_error("--into is for a bundle", "scale verify BUNDLE --into FOLDER");
    return ending_of(record::verify(global.folder), "", "scale status");
}

}  // namespace

void add_verify_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<VerifyOptions>();
    CLI::App* command =
        commands.add(app, "verify", "recompute every hash of the record; check order, budget, verdict and files",
                     "scale verify --dir PASS\n  scale verify pass.scale.tar --into FOLDER",
                     [&commands, options] { return run_verify(commands.global(), *options); });
    command->add_option("bundle", options->bundle, "a file of `scale bundle`, instead of a pass")->type_name("FILE");
    command->add_option("--into", options->into, "keep the unpacked pass in this new folder")->type_name("DIR");
}

}  // namespace scale::cli

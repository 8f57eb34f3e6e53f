#include <algorithm>
#include <memory>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/init/options.h"
#include "cli/init/wizard.h"
#include "cli/model_argument.h"
#include "constraint/import_original.h"
#include "core/error.h"
#include "core/file.h"
#include "record/pass_file.h"
#include "record/pass_template.h"

namespace scale::cli {

namespace fs = std::filesystem;

namespace {

// The only GGUF file of the folder.
fs::path only_model(const fs::path& folder) {
    std::vector<std::string> found;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure); !failure && entry != fs::directory_iterator(); ++entry)
        if (entry->path().extension() == ".gguf") found.push_back(entry->path().filename().string());
    if (failure) throw core::system_error("cannot read the folder " + folder.string(), failure.value());
    if (found.size() == 1) return folder / found[0];
    std::sort(found.begin(), found.end());
    throw core::input_error(found.empty()
                                ? fmt::format("no model is named, and {} holds no .gguf file", folder.string())
                                : fmt::format("no model is named, and {} holds {}: {}", folder.string(), found.size(),
                                              fmt::join(found, ", ")),
                            "the original's GGUF file or Hugging Face folder", "scale init MODEL.gguf");
}

// How scale.toml names the model: relative where it lies in or beside the pass folder, absolute otherwise.
std::string stored_path(const fs::path& model, const fs::path& folder) {
    const fs::path absolute = fs::weakly_canonical(model);
    const fs::path relative = absolute.lexically_relative(fs::weakly_canonical(folder));
    const auto climbs = std::count(relative.begin(), relative.end(), fs::path(".."));
    return relative.empty() || climbs > 1 ? absolute.string() : relative.string();
}

void refuse_overwrite(const fs::path& file) {
    if (!fs::exists(fs::symlink_status(file))) return;
    throw core::input_error(fmt::format("{} exists", file.string()), "a folder without one",
                            "'scale init --force' writes it anew; 'scale status' tells where the pass stands");
}

std::string target_note(double target_mib) {
    if (target_mib <= 0)
        return "The weights are small already, so no target is suggested: fill in [constraint] before 'scale set'.";
    return fmt::format(
        "The target, {:.0f} MiB, is a suggestion: weights at 7.2 bits each plus KV cache and compute buffers\n"
        "(estimated: the engine's plan for the original). Put in your own under [constraint].",
        target_mib);
}

std::string traffic_note(const fs::path& log) {
    std::error_code failure;
    if (fs::exists(log, failure)) return fmt::format("Traffic: {}.", log.string());
    return fmt::format(
        "There is no {} yet; stage A needs it. One request a line, as it was sent to the OpenAI-style API:\n"
        R"(  {{"messages": [{{"role": "user", "content": "How do I reset my password?"}}], "user": "u17"}})",
        log.string());
}

std::string conversion_note(const constraint::Original& original) {
    if (original.source_sha256.empty()) return "";
    std::string text =
        fmt::format("Converted from a Hugging Face folder to the object {:.12}….\n", original.file.filename().string());
    for (const std::string& note : original.notes) text += "Note: " + note + ".\n";
    return text;
}

bool is_dialogue(const GlobalOptions& global, const InitOptions& options) {
    return !global.json && !options.defaults && !states_wishes(options) && ::isatty(STDIN_FILENO) == 1 &&
           ::isatty(STDERR_FILENO) == 1;
}

Ending init(const GlobalOptions& global, InitOptions options) {
    const fs::path file = global.folder / "scale.toml";
    if (!options.force) refuse_overwrite(file);
    const fs::path named = options.model.empty() ? only_model(global.folder) : fs::path(options.model);
    const std::string path = stored_path(named, global.folder);
    const constraint::Original original = constraint::import_original(global.folder, path);
    const fs::path& model = original.file;
    const model::ModelSummary summary = model::summarise(model::GgufFile(model));
    const record::PassFile defaults;
    record::Workload workload = defaults.constraint.workload;
    workload.context = defaults.deploy.context;
    const double target = suggested_memory_mib(summary, planned_memory(model, workload));
    const bool asked = is_dialogue(global, options);
    if (asked) {
        fmt::print(stderr, "{}: {}\n", named.filename().string(), describe(summary));
        options.model = named.string();
        ask_wishes(options, {target}, ask_on_terminal);
    }

    const std::string suggested = record::pass_file_template(path, describe(summary), target);
    record::PassFile wanted = record::parse_pass_file(suggested, file.string());
    if (wanted.model.path != path)
        throw core::input_error("the path " + path + " cannot be written to scale.toml", {}, "rename the model file");
    apply(options, wanted);
    const std::string text = record::pass_file_text(wanted, describe(summary));
    const record::PassFile written = record::parse_pass_file(text, file.string());
    core::write_file_atomic(file, text);

    core::Json shown = summary;
    shown.erase("chat_template");
    Ending ending;
    ending.text = fmt::format("{}: {}\n{}Wrote {}.\n", named.filename().string(), describe(summary),
                              conversion_note(original), file.string());
    if (options.kind.empty() && options.memory_mib <= 0) ending.text += target_note(target) + "\n";
    ending.text += traffic_note(global.folder / written.traffic.log);
    if (asked) ending.text += "\nThe same without questions:\n  " + equivalent_command(options, global.folder);
    ending.json = {{"file", file.string()}, {"model", shown}, {"model_path", path}, {"memory_target_mib", target}};
    ending.next = "scale set";
    return ending;
}

}  // namespace

void add_init_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<InitOptions>();
    const GlobalOptions& global = commands.global();
    CLI::App* command =
        commands.add(app, "init", "write a commented scale.toml for a model; on a terminal it asks what for",
                     "scale init model-f16.gguf --kind memory --memory-mib 300",
                     [options, &global] { return init(global, *options); });
    command
        ->add_option("model,--model", options->model,
                     "the original's GGUF file, or its Hugging Face folder; may be left out where the folder of the "
                     "pass holds one GGUF file")
        ->type_name("FILE");
    command->add_flag("--force", options->force, "overwrite an existing scale.toml");
    command->add_flag("--defaults", options->defaults, "ask nothing on a terminal");
    command->add_option("--kind", options->kind, "of the constraint: what is to be relieved")
        ->check(CLI::IsMember({"memory", "throughput", "cost", "measure"}));
    command->add_option("--memory-mib", options->memory_mib, "what weights, KV cache and compute buffers may take");
    command->add_option("--requests-per-minute", options->requests_per_minute, "that this machine has to serve");
    command->add_option("--price-per-hour", options->price_per_hour, "of the machine");
    command->add_option("--price-per-million-tokens", options->price_per_million_tokens, "that is wanted");
    command->add_option("--quality", options->quality, "paramount takes INT8 wherever memory allows")
        ->check(CLI::IsMember({"balanced", "paramount"}));
    command->add_option("--traffic", options->traffic, "log of real requests, relative to the pass")->type_name("FILE");
}

}  // namespace scale::cli

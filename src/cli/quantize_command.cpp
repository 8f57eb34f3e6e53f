#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/text.h"
#include "forecast/forecast.h"
#include "quantize/allocation/sensitivity.h"
#include "quantize/examine/halves.h"
#include "quantize/produce/produce.h"

namespace scale::cli {

namespace {

struct TypeSum {
    int tensors = 0;
    std::uint64_t bytes = 0;
    double worst_error = 0;
    double worst_cosine = 1;
    std::string worst_tensor;
};

std::string tensor_table(const record::Artefact& artefact) {
    std::map<std::string, TypeSum> types;
    for (const record::TensorCheck& tensor : artefact.tensors) {
        TypeSum& sum = types[tensor.type];
        ++sum.tensors;
        sum.bytes += tensor.bytes;
        if (tensor.relative_error < sum.worst_error) continue;
        sum.worst_error = tensor.relative_error;
        sum.worst_cosine = tensor.cosine;
        sum.worst_tensor = tensor.name;
    }
    std::string text = fmt::format("{:<8} {:>8} {:>12}   largest relative error (cosine), measured on the weights\n",
                                   "type", "tensors", "bytes");
    for (const auto& [type, sum] : types)
        text += fmt::format("{:<8} {:>8} {:>12}   {:.4f} ({:.5f}) in {}\n", type, sum.tensors,
                            core::human_bytes(sum.bytes), sum.worst_error, sum.worst_cosine, sum.worst_tensor);
    return text;
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return core::trimmed(text);
}

std::string types_line(const record::Artefact& artefact) {
    std::string text = fmt::format(
        "Types: {}, {} of {} bytes set by {}; plan {}… in {}.plan.json",
        artefact.allocation == "searched" ? "searched tensor by tensor"
                                          : (artefact.allocation == "pinned" ? "pinned by a plan" : "the stock mix"),
        artefact.bytes, artefact.budget_bytes, artefact.budget, artefact.plan_sha256.substr(0, 12), artefact.path);
    if (!artefact.because.empty()) text += ". Not the size decided, because: " + artefact.because;
    return text;
}

std::string checkpoint_lines(const record::Artefact& artefact) {
    const record::Checkpoint& checkpoint = artefact.checkpoint;
    return fmt::format(
        "{}/: {} checkpoint, {}, {:.2f} bits per weight with embedding and head{}. Serve it: vllm serve {}\n"
        "{}: what it decodes to, for the gate; all {} integers were read back and are equal (measured)\n",
        checkpoint.folder, checkpoint.format, core::human_bytes(checkpoint.bytes), checkpoint.bits_per_weight,
        checkpoint.group > 0 ? fmt::format(", groups of {}", checkpoint.group) : ", one scale a row", checkpoint.folder,
        artefact.path, checkpoint.compared);
}

// "ffn_down   Q4_K × 4, Q5_K × 2", in the order of the roles' names.
std::string roles_table(const engine::TensorTypes& types) {
    std::map<std::string, std::map<std::string, int>> roles;
    for (const auto& [tensor, type] : types)
        if (type != "F32") ++roles[quantize::role_of(tensor)][type];
    std::string text;
    for (const auto& [role, counts] : roles) {
        std::string list;
        for (const auto& [type, count] : counts)
            list += fmt::format("{}{} × {}", list.empty() ? "" : ", ", type, count);
        text += fmt::format("  {:<22} {}\n", role, list);
    }
    return text;
}

std::string describe(const quantize::ChosenPlan& chosen, const record::Forecast& making) {
    const quantize::AllocationPlan& plan = chosen.plan;
    std::string text = fmt::format(
        "Nothing was written. {} would take {} bytes ({}) of {} set by {}: {:.2f} bits per weight as stored, exact.\n",
        chosen.type, plan.file_bytes, core::human_bytes(plan.file_bytes), plan.budget_bytes, chosen.budget,
        plan.bits_per_weight);
    text += roles_table(plan.types);
    if (!plan.kl_source.empty())
        text += fmt::format("KL divergence {:.5f} nats a token, {}.\n", plan.kl, plan.kl_source);
    if (chosen.stock_kl > 0)
        text += fmt::format("The types of {} with the same rounding: {:.5f}, estimated likewise.\n", plan.mix,
                            chosen.stock_kl);
    if (chosen.memory.total() > 0)
        text +=
            fmt::format("Memory {} (estimated: weights {}, and the original's KV cache {} and compute buffers {}).\n",
                        core::human_bytes(chosen.memory.total()), core::human_bytes(chosen.memory.weights),
                        core::human_bytes(chosen.memory.kv_cache), core::human_bytes(chosen.memory.compute));
    text += fmt::format(
        "Making it would take about {}, {} of memory in the largest process and {} of disk, {} of it for good "
        "(estimated: "
        "{}).\n",
        core::human_duration(making.seconds), core::human_bytes(making.memory), core::human_bytes(making.disk),
        core::human_bytes(making.kept), making.seconds_how);
    return text + "Plan " + chosen.sha256.substr(0, 12) + "…: " + plan.notes + ".";
}

Ending dry_run(const record::Pass& pass, const quantize::QuantizeOptions& options) {
    const quantize::ChosenPlan chosen = quantize::predict(pass, options);
    const record::Lineage lineage = pass.lineage();
    const record::Forecast making = forecast::forecast("quantize", forecast::gather(pass, lineage, false), lineage);
    core::Json json = core::parse_json(chosen.text, "the plan");
    json = {{"plan", std::move(json)},
            {"plan_sha256", chosen.sha256},
            {"type", chosen.type},
            {"budget", chosen.budget},
            {"mix_bytes", chosen.stock_bytes},
            {"stock_kl", chosen.stock_kl},
            {"memory", chosen.memory},
            {"forecast", making}};
    return {exit_code::done, describe(chosen, making), std::move(json), "scale quantize"};
}

void add_size_options(CLI::App& command, quantize::SizeWish& wish) {
    std::vector<CLI::Option*> sizes{
        command.add_option("--size-mib", wish.size_mib, "the file may take so many MiB (2^20 bytes)"),
        command.add_option("--bpw", wish.bits_per_weight, "so many bits per weight, all tensors together"),
        command.add_option("--type", wish.type, "the bytes of this stock mix, such as Q4_K_M"),
        command.add_option("--memory-mib", wish.memory_mib,
                           "weights, KV cache and compute buffers for the workload may take so many MiB"),
        command
            .add_option("--plan", wish.plan_file, "the types of this plan, as --dry-run --json or an artefact has it")
            ->type_name("FILE")};
    for (CLI::Option* size : sizes)
        for (CLI::Option* other : sizes)
            if (size != other) size->excludes(other);
    command.add_option("--because", wish.because, "reason for a size that the decision does not name");
}

std::string describe(const quantize::Product& product) {
    const record::Artefact& artefact = product.artefact;
    std::string text;
    if (product.reused) text += "Already made; the file still has the recorded hash. --again makes it anew.\n";
    if (artefact.checkpoint.folder.empty())
        text += fmt::format("{}: {}, {:.2f} bits per weight as stored, SHA-256 {}…\n", artefact.path,
                            core::human_bytes(artefact.bytes), artefact.bits_per_weight, artefact.sha256.substr(0, 12));
    else
        text += checkpoint_lines(artefact);
    text += fmt::format("Made by {} ({} tokens).\n", artefact.method, artefact.statistics_tokens);
    if (artefact.checkpoint.folder.empty()) text += types_line(artefact) + "\n";
    text += "\n";
    text += tensor_table(artefact);
    if (artefact.stability.samples > 0) text += quantize::sentence_on(artefact.stability) + "\n";
    for (const std::string& note : artefact.notes) text += fmt::format("Note: {}.\n", note);
    text += fmt::format("\nAll {} {} are there, finite and {}. Asked \"{}\":\n", artefact.tensors.size(),
                        artefact.checkpoint.folder.empty() ? "tensors" : "quantised layers",
                        artefact.imported_sha256.empty() ? "close to their originals" : "equal to the trained ones",
                        artefact.prompt);
    text += fmt::format("  original  {}\n  artefact  {}\n", one_line(artefact.original_generated),
                        one_line(artefact.generated));
    text += "Whether it is good enough is for the gate to say.";
    return text;
}

}  // namespace

void add_quantize_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<quantize::QuantizeOptions>();
    const auto only_predict = std::make_shared<bool>(false);
    const auto run = [&commands, options, only_predict]() -> Ending {
        record::Pass pass(commands.global().folder);
        if (*only_predict) return dry_run(pass, *options);
        const quantize::Product product = quantize::produce(pass, *options);
        core::Json json = product.artefact;
        json["reused"] = product.reused;
        return {exit_code::done, describe(product), std::move(json), "scale lock --declare"};
    };
    CLI::App* command = commands.add(app, "quantize", "A: make the artefact with the calibration set, and check it",
                                     "scale quantize", run);
    command
        ->add_option("--import", options->trained,
                     "a trained GGUF (QAT) with F32 or F16 weights on the grid, packed bit-exactly or refused")
        ->check(CLI::ExistingFile);
    add_size_options(*command, options->wish);
    command->add_option(
        "--format", options->checkpoint,
        "a checkpoint for GPU servers: gptq, gptq-8bit, awq, w4a16, w4a16-asym or w8a8; needs a Hugging "
        "Face folder as original, and --because where the decision is for another");
    command->add_flag("--dry-run", *only_predict, "plan types and predict size, memory and loss; write nothing");
    command->add_flag("--again", options->again, "make it anew although a sound one is there");
}

}  // namespace scale::cli

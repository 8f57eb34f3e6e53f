#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/text.h"
#include "quantize/produce.h"

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

std::string describe(const quantize::Product& product) {
    const record::Artefact& artefact = product.artefact;
    std::string text;
    if (product.reused) text += "Already made; the file still has the recorded hash. --again makes it anew.\n";
    text += fmt::format("{}: {}, {:.2f} bits per weight as stored, SHA-256 {}…\n", artefact.path,
                        core::human_bytes(artefact.bytes), artefact.bits_per_weight, artefact.sha256.substr(0, 12));
    text += fmt::format("Made by {} ({} tokens).\n\n", artefact.method, artefact.statistics_tokens);
    text += tensor_table(artefact);
    for (const std::string& note : artefact.notes) text += fmt::format("Note: {}.\n", note);
    text += fmt::format("\nAll {} tensors are there, finite and {}. Asked \"{}\":\n", artefact.tensors.size(),
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
    const auto run = [&commands, options]() -> Ending {
        record::Pass pass(commands.global().folder);
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
    command->add_flag("--again", options->again, "make it anew although a sound one is there");
}

}  // namespace scale::cli

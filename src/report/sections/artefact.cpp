#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "core/text.h"
#include "report/chart.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

using record::Artefact;
using record::TensorCheck;

// "blk.12.ffn_down.weight" → layer 12 and "ffn_down"; layer -1 for a tensor of no layer.
std::pair<int, std::string> place_of(const std::string& name) {
    if (name.rfind("blk.", 0) != 0) return {-1, name};
    const std::size_t dot = name.find('.', 4);
    const std::size_t end = name.rfind('.');
    if (dot == std::string::npos || end <= dot) return {-1, name};
    return {std::atoi(name.c_str() + 4), name.substr(dot + 1, end - dot - 1)};
}

void plot_matrices(Html& page, const Artefact& artefact) {
    core::Json rows = core::Json::array();
    const TensorCheck* worst = nullptr;
    for (const TensorCheck& tensor : artefact.tensors) {
        const auto [layer, part] = place_of(tensor.name);
        if (layer < 0 || tensor.relative_error <= 0) continue;  // of no layer, or kept as it was
        rows.push_back({{"layer", layer}, {"part", part}, {"type", tensor.type}, {"error", tensor.relative_error}});
        if (!worst || tensor.relative_error > worst->relative_error) worst = &tensor;
    }
    if (!worst) return;
    draw(page, {"layers", "Type and error of every matrix, by layer",
                "● measured on the reopened file: ‖W − Ŵ‖ / ‖W‖, the darker the further from the original; types are "
                "written where they differ.",
                fmt::format("{} matrices; furthest from its original is {} in {}, by {:.4f}.", rows.size(), worst->name,
                            worst->type, worst->relative_error),
                {{"rows", rows}}});
}

void write_layers(Html& page, const Artefact& artefact) {
    const record::StatisticsStability& stability = artefact.stability;
    std::map<int, std::pair<double, std::string>> layers;  // largest error, and whose
    for (const TensorCheck& tensor : artefact.tensors) {
        const int layer = place_of(tensor.name).first;
        if (layer < 0 || tensor.relative_error <= layers[layer].first) continue;
        layers[layer] = {tensor.relative_error, place_of(tensor.name).second + " in " + tensor.type};
    }
    std::vector<Cells> rows;
    for (const auto& [layer, worst] : layers)
        rows.push_back({fmt::format("{}", layer), fmt::format("{:.5f}", worst.first), worst.second});
    page.open("details").element("summary", "Every layer in numbers");
    table(page, "Largest relative error of each layer",
          {{"layer", true}, {"error", true, false, Source::measured}, {"in", false, true}}, rows);
    rows.clear();
    for (const auto& [layer, difference] : stability.by_layer)
        rows.push_back({layer, fmt::format("{:.1f} %", 100 * difference)});
    if (!rows.empty())
        table(page, "How much the activation statistics of the even and the odd samples differ",
              {{"input of"}, {"difference", true, false, Source::measured}}, rows);
    page.close();
}

void write_types(Html& page, const Artefact& artefact) {
    std::map<std::string, std::pair<int, std::uint64_t>> types;
    for (const TensorCheck& tensor : artefact.tensors) {
        ++types[tensor.type].first;
        types[tensor.type].second += tensor.bytes;
    }
    std::vector<Cells> rows;
    for (const auto& [type, sum] : types) rows.push_back({type, fmt::format("{}", sum.first), mib(sum.second)});
    table(page, "Tensor types of the artefact", {{"type"}, {"tensors", true}, {"MiB", true}}, rows);
}

void write_worst(Html& page, const Artefact& artefact) {
    auto tensors = artefact.tensors;
    std::sort(tensors.begin(), tensors.end(),
              [](const TensorCheck& a, const TensorCheck& b) { return a.relative_error > b.relative_error; });
    tensors.resize(std::min<std::size_t>(tensors.size(), 10));
    std::vector<Cells> rows;
    for (const TensorCheck& tensor : tensors)
        rows.push_back({tensor.name, tensor.type, mib(tensor.bytes), fmt::format("{:.5f}", tensor.relative_error),
                        fmt::format("{:.6f}", tensor.cosine)});
    page.open("details").element("summary", "The tensors furthest from their originals");
    table(page, "Largest relative errors", {{"tensor"}, {"type"}, {"MiB", true}, {"error", true}, {"cosine", true}},
          rows);
    page.close();
}

void write_checkpoint(Html& page, const record::Checkpoint& checkpoint) {
    if (checkpoint.folder.empty()) return;
    page.open("p").text("The file is what the checkpoint ").element("code", checkpoint.folder);
    page.text(
        fmt::format(" ({}, {}, for a GPU server) decodes to: all {} weights of its quantised layers were read back "
                    "and are equal (measured). How a server rounds activations is not in it.",
                    checkpoint.format, core::human_bytes(checkpoint.bytes), checkpoint.compared));
    page.close();
}

std::string enough(const record::StatisticsStability& stability) {
    if (stability.layers == 0) return "of the calibration set";
    const std::string difference =
        fmt::format("halves of the set differ by {:.1f} % in the median layer, {:.1f} % in the worst (measured)",
                    100 * stability.median, 100 * stability.worst);
    if (stability.unstable == 0) return difference + ": enough";
    return difference + fmt::format("; {} samples would bring all below {:.0f} % (estimated)", stability.needed,
                                    100 * stability.limit);
}

}  // namespace

void write_artefact(Html& page, const Context& context) {
    page.element("h3", "The artefact made with it");
    with_entry(page, context, record::kind::artefact, [&](const record::Entry& entry) {
        const auto artefact = entry.payload.get<Artefact>();
        tiles(page,
              {{"File", artefact.path, core::human_bytes(artefact.bytes)},
               {"True width", fmt::format("{:.2f} bits", artefact.bits_per_weight), "per weight, file over parameters"},
               {"Statistics", fmt::format("{} tokens", artefact.statistics_tokens), enough(artefact.stability)}});
        write_checkpoint(page, artefact.checkpoint);
        page.open("p").text(artefact.method + ". SHA-256 ").element("code", artefact.sha256).close();
        plot_matrices(page, artefact);
        write_layers(page, artefact);
        write_types(page, artefact);
        write_worst(page, artefact);
        page.element("h3", "Generation check").element("p", "Prompt:").element("pre", artefact.prompt);
        page.element("p", "Original:").element("pre", artefact.original_generated);
        page.element("p", "Artefact:").element("pre", artefact.generated);
    });
}

}  // namespace scale::report

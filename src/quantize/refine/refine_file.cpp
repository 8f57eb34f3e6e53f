#include "quantize/refine/refine_file.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/overwrite.h"
#include "quantize/refine/gather_inputs.h"
#include "quantize/refine/input_moments.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace {

constexpr double finest_refined = 8;  // bits a weight
// What gathering a group's inputs takes, in the time of refining the group (85 and 22 s for SmolLM2-135M).
constexpr double gathering = 4;

// One matrix: a dense tensor, or one expert's share of a mixture's.
struct Work {
    std::string tensor;
    std::string name;   // in the journal and to people: the tensor, or with its expert
    std::string input;  // under which its moments are kept
    const Grid* grid = nullptr;
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;
    std::uint64_t slice = 0;  // which expert
    std::uint64_t slices = 1;
};

std::vector<Work> refinable(const model::GgufFile& target) {
    std::vector<Work> work;
    for (const auto& tensor : target.tensors()) {
        const Grid* grid = find_grid(tensor.type->name);
        const std::size_t dimensions = tensor.shape.size();
        if (!grid || tensor.type->bits_per_weight() >= finest_refined || dimensions < 2 || dimensions > 3 ||
            tensor.shape[0] % static_cast<std::uint64_t>(grid->superblock) != 0)
            continue;
        const std::string input = input_name(target, tensor.name);
        if (dimensions == 2) {
            work.push_back({tensor.name, tensor.name, input, grid, tensor.shape[0], tensor.shape[1], 0, 1});
            continue;
        }
        for (std::uint64_t expert = 0; expert < tensor.shape[2]; ++expert) {
            const std::string name = expert_name(tensor.name, static_cast<int>(expert));
            work.push_back({tensor.name, name, name, grid, tensor.shape[0], tensor.shape[1], expert, tensor.shape[2]});
        }
    }
    return work;
}

// Consecutive tensors whose moments (two halves, and the copies made of one of them) fit the limit.
std::vector<std::vector<Work>> grouped(const std::vector<Work>& work, std::uint64_t memory_bytes) {
    std::vector<std::vector<Work>> groups;
    std::uint64_t used = 0;
    for (const Work& item : work) {
        std::uint64_t bytes = 2 * sizeof(float) * item.columns * item.columns;
        // The first expert of a group brings the moments of its whole layer.
        const auto with_layer = [&](bool first) { return first && item.slices > 1 ? 2 * bytes : bytes; };
        const bool full =
            groups.empty() || used + with_layer(groups.back().back().tensor != item.tensor) > memory_bytes;
        if (full) {
            groups.emplace_back();
            used = 0;
        }
        bytes = with_layer(full || groups.back().back().tensor != item.tensor);
        groups.back().push_back(item);
        used += bytes;
    }
    return groups;
}

// The refined bytes of a whole group, from the journal into the file.
void apply(const std::vector<Work>& group, const RefineJournal& journal, const std::filesystem::path& path) {
    const model::GgufFile target(path);
    const core::FileDescriptor file = open_to_overwrite(path);
    for (const Work& item : group) {
        const RefineLine* line = journal.find(item.name);
        if (!line || !line->refined) continue;
        const std::string bytes = journal.packed(item.name);
        const model::TensorInfo& tensor = *target.tensor(item.tensor);
        const std::uint64_t share = tensor.bytes / item.slices;
        if (bytes.size() != share)
            throw core::input_error(fmt::format("the journal holds {} bytes for {}", bytes.size(), item.name),
                                    fmt::format("{}", share), "scale quantize --again");
        overwrite(file, tensor.offset + item.slice * share, bytes, path.string());
    }
    sync(file, path.string());
}

std::vector<float> decoded(const model::GgufFile& file, const Work& item) {
    const model::TensorInfo& tensor = *file.tensor(item.tensor);
    const std::byte* data = file.data(tensor).data() + item.slice * (tensor.bytes / item.slices);
    return engine::decode_rows(tensor.type->id, data, item.columns, item.rows);
}

// The readers of one input together: factorising its moments is the dear part.
void refine_input(const RefineRequest& request, const std::vector<const Work*>& readers,
                  const InputMomentsCollector& collector, RefineJournal& journal) {
    const model::GgufFile original(request.original), target(request.target);
    const std::string& input = readers.front()->input;
    const HalvedMoments moments{collector.half(input, 0), collector.half(input, 1), collector.whole(input)};
    std::vector<Reader> matrices;
    for (const Work* item : readers)
        matrices.push_back(
            {item->grid, static_cast<int>(item->rows), decoded(original, *item), decoded(target, *item)});
    const auto refined = refine_readers(matrices, moments, request.options);
    for (std::size_t i = 0; i < readers.size(); ++i)
        journal.add(
            {readers[i]->name, std::string(readers[i]->grid->type), refined[i].refined, refined[i].stock_loss,
             refined[i].refined_loss, refined[i].chosen, refined[i].why, collector.tokens(input), readers[i]->columns},
            refined[i].packed);
}

double weights_of(const Work& item) {
    return static_cast<double>(item.rows * item.columns);
}

struct Meter {
    double done = 0;
    double total = 0;
    const RefineProgress& report;
    void advance(const Work& item, const RefineJournal& journal) {
        done += weights_of(item);
        if (const RefineLine* line = journal.find(item.name))
            report(done, total,
                   line->refined ? fmt::format("{}: error on held-out inputs {:.2f} of stock", item.name,
                                               line->refined_loss / std::max(line->stock_loss, 1e-30))
                                 : fmt::format("{}: {}, stock rounding stays", item.name, line->why));
    }
};

void refine_group(const RefineRequest& request, const std::vector<model::TokenSequence>& calibration,
                  const std::vector<Work>& group, RefineJournal& journal, Meter& meter) {
    std::set<std::string> wanted;
    for (const Work& item : group)
        if (!journal.find(item.name)) wanted.insert(item.input);
    InputMomentsCollector collector(wanted, request.options.threads);
    double to_gather = 0;
    for (const Work& item : group) to_gather += gathering * weights_of(item);
    if (!wanted.empty())
        gather_inputs(request.target, calibration, collector, request.options.threads, [&](double share) {
            meter.report(meter.done + to_gather * share, meter.total,
                         fmt::format("inputs of {} tensors, {:.0f} %", wanted.size(), 100 * share));
        });
    meter.done += to_gather;
    std::map<std::size_t, std::vector<const Work*>> by_input;
    for (const Work& item : group) {
        if (!journal.find(item.name) && collector.has(item.input))
            by_input[collector.input_of(item.input)].push_back(&item);
        else
            meter.advance(item, journal);
    }
    for (const auto& [input, readers] : by_input) {
        refine_input(request, readers, collector, journal);
        for (const Work* item : readers) meter.advance(*item, journal);
    }
    apply(group, journal, request.target);
}

}  // namespace

std::vector<RefineLine> refine_file(const RefineRequest& request, const std::vector<model::TokenSequence>& calibration,
                                    const RefineProgress& progress) {
    openblas_set_num_threads(1);  // rows are split over threads instead, so that sums do not depend on their number
    const std::vector<Work> work = refinable(model::GgufFile(request.target));
    RefineJournal journal(request.journal, request.fingerprint);
    Meter meter{0, 0, progress};
    for (const Work& item : work) meter.total += (1 + gathering) * weights_of(item);
    for (const auto& group : grouped(work, request.memory_bytes))
        refine_group(request, calibration, group, journal, meter);
    std::vector<RefineLine> lines;
    for (const Work& item : work)
        if (const RefineLine* line = journal.find(item.name)) lines.push_back(*line);
    return lines;
}

}  // namespace scale::quantize

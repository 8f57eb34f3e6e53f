#include "quantize/export/export_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "core/error.h"
#include "model/gguf.h"
#include "quantize/export/layer_weights.h"
#include "quantize/fold/search.h"
#include "quantize/overwrite.h"
#include "quantize/refine/gather_inputs.h"
#include "quantize/tensor_check.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace {

constexpr std::uint64_t sampled_tokens = 512;  // of every input, both halves together

using Run = std::vector<Module>;  // whole layers

std::uint64_t bytes_of(const Module& module) {
    const auto k = static_cast<std::uint64_t>(module.columns), n = static_cast<std::uint64_t>(module.rows);
    return sizeof(float) * (2 * k * k + n * k);  // inputs that several layers read are counted for each
}

std::vector<Run> runs_of(const std::vector<Module>& modules, std::uint64_t memory_bytes) {
    std::vector<Run> layers, runs;
    for (const Module& module : modules) {
        if (layers.empty() || layers.back().front().layer != module.layer) layers.emplace_back();
        layers.back().push_back(module);
    }
    std::uint64_t used = 0;
    for (const Run& layer : layers) {
        std::uint64_t bytes = 0;
        for (const Module& module : layer) bytes += bytes_of(module);
        if (runs.empty() || used + bytes > memory_bytes) {
            runs.emplace_back();
            used = 0;
        }
        runs.back().insert(runs.back().end(), layer.begin(), layer.end());
        used += bytes;
    }
    return runs;
}

// The state of one run of layers.
class RunOfLayers {
  public:
    RunOfLayers(const ExportRequest& request, const SourceModel& source, const Run& run, const SampledInputs& inputs,
                ExportReport& report)
        : request_(request), run_(run), inputs_(inputs), report_(report), twin_(request.twin), weights_(twin_, source) {
        for (const Module& module : run) {
            if (!inputs.has(module.tensor))
                throw core::worker_error("the engine did not run " + module.tensor, "every linear layer in its graph");
            weights_.load(module);
        }
    }

    // Layer by layer, since a pair lies in one layer.
    void fold(const UniformGrid& grid) {
        std::set<int> layers;
        for (const Module& module : run_) layers.insert(module.layer);
        for (const int layer : layers)
            for (const FoldPair& pair : fold_pairs(twin_, layer)) fold(grid, pair);
    }

    // Groups of modules that read one input.
    std::vector<std::vector<const Module*>> by_input() const {
        std::map<std::size_t, std::vector<const Module*>> groups;
        for (const Module& module : run_) groups[inputs_.input_of(module.tensor)].push_back(&module);
        std::vector<std::vector<const Module*>> result;
        for (auto& [input, group] : groups) result.push_back(std::move(group));
        return result;
    }

    std::vector<SolvedReader> solve(const UniformGrid& grid, const std::vector<const Module*>& group) {
        return solve_readers(grid, readers(group), moments_of(group.front()->tensor), request_.options);
    }

    const LayerWeights& weights() const { return weights_; }
    UniformReader& matrix(const Module& module) { return weights_.matrix(module.tensor); }
    const model::GgufFile& twin() const { return twin_; }

  private:
    HalvedMoments moments_of(const std::string& tensor) const {
        HalvedMoments moments{inputs_.half(tensor, 0), inputs_.half(tensor, 1), inputs_.whole(tensor)};
        const auto scales = scales_.find(inputs_.input_of(tensor));
        return scales == scales_.end() ? moments : scaled_inputs(moments, scales->second);
    }

    std::vector<UniformReader> readers(const std::vector<const Module*>& group) {
        std::vector<UniformReader> result;
        for (const Module* module : group) result.push_back(weights_.matrix(module->tensor));
        return result;
    }

    void fold(const UniformGrid& grid, const FoldPair& pair) {
        std::vector<const Module*> group;
        for (const Module& module : run_)
            if (inputs_.input_of(module.tensor) == inputs_.input_of(pair.readers.front())) group.push_back(&module);
        if (group.size() != pair.readers.size()) return;  // something else reads this input too
        const std::vector<UniformReader> matrices = readers(group);
        const HalvedMoments moments = moments_of(pair.readers.front());
        const FoldQuestion question{grid, matrices, moments, inputs_.sample(pair.readers.front()), pair.source_row};
        FoldChoice choice = request_.format.layout == CheckpointFormat::Layout::int_quantized
                                ? search_smoothing_fold(question, request_.options)
                                : search_salience_fold(question, request_.options);
        report_.folds.push_back(
            {pair.divided, choice.exponent, choice.plain_loss, choice.folded_loss, !choice.scales.empty()});
        if (!choice.scales.empty())
            scales_[inputs_.input_of(pair.readers.front())] = weights_.fold(pair, std::move(choice.scales));
    }

    const ExportRequest& request_;
    const Run& run_;
    const SampledInputs& inputs_;
    ExportReport& report_;
    model::GgufFile twin_;
    LayerWeights weights_;
    std::map<std::size_t, std::vector<float>> scales_;  // of folded inputs
};

class TwinWriter {
  public:
    explicit TwinWriter(const std::filesystem::path& path) : name_(path.string()), file_(open_to_overwrite(path)) {}
    ~TwinWriter() = default;

    void write(const model::TensorInfo& tensor, const std::vector<float>& values) {
        if (tensor.type->name != "F32" || tensor.elements != values.size())
            throw core::worker_error(fmt::format("{} of the decoded model is {}", tensor.name, tensor.type->name),
                                     "F32");
        overwrite(file_, tensor.offset, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)},
                  name_);
    }
    void finish() { sync(file_, name_); }

  private:
    std::string name_;
    core::FileDescriptor file_;
};

record::TensorCheck check_of(const Module& module, const CheckpointFormat& format, const UniformMatrix& matrix,
                             const std::vector<float>& weights, const std::vector<float>& decoded) {
    double ww = 0, wv = 0, vv = 0, ee = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double w = weights[i], v = decoded[i];
        ww += w * w;
        wv += w * v;
        vv += v * v;
        ee += (w - v) * (w - v);
    }
    record::TensorCheck check;
    check.name = module.tensor;
    check.type = std::string(format.name);
    check.relative_error = ww > 0 ? std::sqrt(ee / ww) : 0;
    check.cosine = ww > 0 && vv > 0 ? wv / std::sqrt(ww * vv) : (ww == vv ? 1 : 0);
    for (const PackedTensor& tensor :
         packed_layout(format, matrix.rows, matrix.columns, matrix.width, model::Element::f16)) {
        std::uint64_t bytes = model::element_type(tensor.type).bytes;
        for (const std::uint64_t side : tensor.shape) bytes *= side;
        check.bytes += bytes;
    }
    if (!(check.cosine >= cosine_floor(format.bits)))
        throw core::worker_error(
            fmt::format("the checkpoint is not sound and was not published: {} has cosine {:.4f} to its original",
                        module.tensor, check.cosine),
            fmt::format("at least {:.4f} at {} bits", cosine_floor(format.bits), format.bits),
            "run scale quantize --again; if it happens again, choose another format and report it");
    return check;
}

// What gathering the inputs of a run takes, in the time of solving it.
constexpr double gathering = 3;

double weights_of(const Module& module) {
    return static_cast<double>(module.rows) * module.columns;
}

struct Meter {
    double done = 0;
    double total = 0;
    const ExportProgress& report;
    void advance(const Module& module, const std::string& note) {
        done += weights_of(module);
        say(0, note);
    }
    // `ahead` of what is done.
    void say(double ahead, const std::string& note) const { report((done + ahead) / total, note); }
};

void export_run(const ExportRequest& request, const SourceModel& source, const Run& run,
                const std::vector<model::TokenSequence>& calibration, CheckpointWriter& writer, ExportReport& report,
                Meter& meter) {
    std::set<std::string> wanted;
    for (const Module& module : run) wanted.insert(module.tensor);
    SampledInputs inputs(wanted, model::count_tokens(calibration) / sampled_tokens, request.options.threads);
    double to_gather = 0;
    for (const Module& module : run) to_gather += gathering * weights_of(module);
    gather_inputs(request.twin, calibration, inputs, request.options.threads, [&](double share) {
        meter.say(to_gather * share, fmt::format("inputs of {} matrices, {:.0f} %", run.size(), 100 * share));
    });
    meter.done += to_gather;
    const UniformGrid grid = grid_of(request.format, request.group, source.type());
    RunOfLayers layers(request, source, run, inputs, report);
    if (request.fold) layers.fold(grid);
    TwinWriter twin(request.twin);
    for (const auto& [tensor, values] : layers.weights().vectors()) {
        twin.write(*layers.twin().tensor(tensor), values);
        writer.replace(tensor, values);
    }
    for (const auto& group : layers.by_input()) {
        const std::vector<SolvedReader> solved = layers.solve(grid, group);
        for (std::size_t i = 0; i < group.size(); ++i) {
            const Module& module = *group[i];
            const std::vector<float> decoded = solved[i].matrix.decoded();
            report.tensors.push_back(
                check_of(module, request.format, solved[i].matrix, layers.matrix(module).weights, decoded));
            report.feedback += solved[i].feedback;
            twin.write(*layers.twin().tensor(module.tensor), decoded);
            writer.add(module, solved[i].matrix);
            meter.advance(
                module,
                fmt::format(
                    "{}: error on held-out inputs {:.2f} of rounding to nearest", module.tensor,
                    solved[i].feedback ? solved[i].feedback_loss / std::max(solved[i].nearest_loss, 1e-30) : 1.0));
        }
    }
    twin.finish();
}

}  // namespace

ExportReport export_model(const ExportRequest& request, const SourceModel& source, const std::vector<Module>& modules,
                          const std::vector<model::TokenSequence>& calibration, CheckpointWriter& writer,
                          const ExportProgress& progress) {
    openblas_set_num_threads(1);  // rows are split over threads instead, so that sums do not depend on their number
    ExportReport report;
    Meter meter{0, 0, progress};
    for (const Module& module : modules) meter.total += (1 + gathering) * weights_of(module);
    for (const Run& run : runs_of(modules, request.memory_bytes))
        export_run(request, source, run, calibration, writer, report, meter);
    return report;
}

}  // namespace scale::quantize

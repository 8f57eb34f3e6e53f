#include "quantize/allocation/tensor_rounders.h"

#include <cmath>
#include <set>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "quantize/refine/gather_inputs.h"

namespace scale::quantize {

namespace {

MatrixRounder rounder_of(const InputMomentsCollector& collector, const std::string& input) {
    try {
        Moments made_on = collector.half(input, 0), judged_on = collector.half(input, 1);
        for (const float value : judged_on.values)
            if (!std::isfinite(value)) return {};
        return {made_on, std::move(judged_on)};
    } catch (const core::Error&) {  // dead or infinite inputs; rounding goes without feedback
        return {};
    }
}

}  // namespace

std::vector<std::vector<std::size_t>> groups_in_memory(const std::vector<FreeTensor>& tensors,
                                                       std::uint64_t memory_bytes) {
    constexpr std::uint64_t matrices = 5;  // two halves while gathered; the judging half, damped moments and factors
    std::vector<std::vector<std::size_t>> groups;
    std::uint64_t used = 0;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        const std::uint64_t bytes = matrices * sizeof(float) * tensors[t].columns * tensors[t].columns;
        if (groups.empty() || used + bytes > memory_bytes) {
            groups.emplace_back();
            used = 0;
        }
        groups.back().push_back(t);
        used += bytes;
    }
    return groups;
}

TensorRounders make_rounders(const std::filesystem::path& model_path, const std::vector<std::string>& tensors,
                             const std::vector<model::TokenSequence>& texts, int threads,
                             const std::function<void(double)>& progress) {
    const model::GgufFile file(model_path);
    std::set<std::string> wanted;
    for (const std::string& tensor : tensors) wanted.insert(input_name(file, tensor));
    InputMomentsCollector collector(wanted, threads);
    gather_inputs(model_path, texts, collector, threads, progress);
    TensorRounders rounders;
    std::map<std::size_t, MatrixRounder> by_input;
    for (const std::string& tensor : tensors) {
        const std::string input = input_name(file, tensor);
        if (!collector.has(input)) {
            rounders.emplace(tensor, MatrixRounder());
            continue;
        }
        const std::size_t number = collector.input_of(input);
        if (!by_input.contains(number)) by_input.emplace(number, rounder_of(collector, input));
        rounders.emplace(tensor, by_input.at(number));
    }
    return rounders;
}

std::vector<float> decoded_tensor(const model::GgufFile& file, const std::string& tensor) {
    const model::TensorInfo& info = *file.tensor(tensor);
    return engine::decode_rows(info.type->id, file.data(info).data(), info.shape[0], info.elements / info.shape[0]);
}

}  // namespace scale::quantize

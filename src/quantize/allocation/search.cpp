#include "quantize/allocation/search.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "quantize/allocation/search_steps.h"
#include "quantize/grid/grid.h"
#include "quantize/network/output_gradient_moments.h"

namespace scale::quantize {

namespace fs = std::filesystem;

namespace {

std::string error_key(const std::string& tensor) {
    return "error " + tensor;
}
std::string gradient_key(const std::string& tensor) {
    return "gradient " + tensor;
}

}  // namespace

AllocationSearch::AllocationSearch(const AllocationRequest& request,
                                   const std::vector<model::TokenSequence>& calibration,
                                   const AllocationProgress& progress)
    : request_(request),
      progress_(progress),
      original_(request.original),
      stock_(engine::plan_quantization(request.original, request.mix)),
      admissible_(admissible_types(original_, stock_, request.allowed_types)),
      effort_(effort_for(original_)),
      texts_(divide_texts(calibration, effort_)),
      journal_(request.journal, journal_fingerprint()),
      resumed_at_(journal_.size()),
      memory_groups_(groups_in_memory(admissible_.tensors, request.memory_bytes)),
      held_(admissible_.tensors.size()) {
    if (admissible_.tensors.empty())
        throw core::input_error(request.original.string() + " has no tensor whose type could be chosen",
                                "matrices with rows of a multiple of 32", "allocation = \"stock\" in scale.toml");
    std::uint64_t least = admissible_.fixed_bytes;
    for (const FreeTensor& tensor : admissible_.tensors) least += tensor.options.front().bytes;
    if (least > budget())
        throw core::input_error(fmt::format("a file of {} bytes is too small for this model", budget()),
                                fmt::format("at least {} bytes, every tensor in its narrowest type", least));
    core::require_free_space(request.work_folder, 2 * original_.file_bytes(), "two copies of the model for probes");
    plain_ = plain_original(request.original, request.work_folder / "allocation-plain.gguf", request.threads);
}

AllocationSearch::~AllocationSearch() {
    std::error_code ignored;
    if (plain_ != request_.original) fs::remove(plain_, ignored);
}

std::string AllocationSearch::journal_fingerprint() const {
    constexpr int form = 2;
    return core::sha256_hex(core::canonical({{"form", form},
                                             {"given", request_.fingerprint},
                                             {"mix", request_.mix},
                                             {"budget", budget()},
                                             {"gradients", request_.gradients},
                                             {"most_probes", request_.most_probes},
                                             {"allowed", request_.allowed_types}}));
}

std::uint64_t AllocationSearch::budget() const {
    return request_.budget_bytes > 0 ? request_.budget_bytes : stock_.file_bytes;
}

const std::vector<double>& AllocationSearch::errors_of(std::size_t tensor) const {
    return *journal_.find(error_key(admissible_.tensors[tensor].name));
}

std::size_t AllocationSearch::affordable(std::uint64_t tokens) const {
    return static_cast<std::size_t>(effort_.probe_budget / static_cast<double>(std::max<std::uint64_t>(tokens, 1)));
}

// Inputs that are gathered again for a later step do not turn the display back.
void AllocationSearch::show(double share, const std::string& note) {
    shown_ = std::max(shown_, share);
    progress_(shown_, 1, note);
}

TensorRounders AllocationSearch::rounders_of(const std::vector<std::size_t>& group) {
    std::vector<std::string> names;
    for (const std::size_t t : group) names.push_back(admissible_.tensors[t].name);
    return make_rounders(request_.original, names, texts_.inputs, request_.threads, [&](double share) {
        show(gradients_end + (inputs_end - gradients_end) * share,
             fmt::format("inputs of {} tensors, {:.0f} %", names.size(), 100 * share));
    });
}

WeightRows AllocationSearch::rows_of(const FreeTensor& tensor, const std::vector<float>& weights) const {
    const auto known = row_costs_.find(tensor.name);
    const std::span<const float> costs = known == row_costs_.end() ? std::span<const float>() : known->second;
    return {weights, static_cast<int>(tensor.rows), static_cast<int>(tensor.columns), costs};
}

void AllocationSearch::measure_gradients() {
    constexpr const char* done = "gradients";
    const bool fits = original_.parameters() * sizeof(float) <= request_.memory_bytes;
    if (!request_.gradients || !fits) return;
    if (!journal_.find(done)) {
        OutputGradientOptions options;
        options.tokens = effort_.search_gradients;
        options.threads = request_.threads;
        const auto moments = output_gradient_moments(original_, texts_.inputs, options, [&](double at, double total) {
            show(gradients_end * at / std::max(total, 1.0), "what each output matters");
        });
        for (const auto& [tensor, rows] : moments.rows) {
            std::vector<double> costs(rows.begin(), rows.end());
            for (double& cost : costs) cost = finite(cost / 2);
            journal_.add(gradient_key(tensor), costs);
        }
        journal_.add(done, {static_cast<double>(moments.rows.size())});
    }
    for (const FreeTensor& tensor : admissible_.tensors) {
        const auto* costs = journal_.find(gradient_key(tensor.name));
        if (!costs || costs->size() != tensor.rows) continue;
        row_costs_[tensor.name].assign(costs->begin(), costs->end());
    }
}

// One group's rounders; those of all tensors are kept where they fit in memory together.
const TensorRounders& AllocationSearch::rounders_for(const std::vector<std::size_t>& group) {
    if (memory_groups_.size() > 1 || rounders_.empty()) rounders_ = rounders_of(group);
    return rounders_;
}

void AllocationSearch::measure_errors() {
    for (const auto& group : memory_groups_) {
        const bool known = std::all_of(group.begin(), group.end(), [&](std::size_t t) {
            return journal_.find(error_key(admissible_.tensors[t].name)) != nullptr;
        });
        if (!known) measure_group_errors(group, rounders_for(group));
    }
}

void AllocationSearch::measure_group_errors(const std::vector<std::size_t>& group, const TensorRounders& rounders) {
    for (const std::size_t t : group) {
        const FreeTensor& tensor = admissible_.tensors[t];
        if (journal_.find(error_key(tensor.name))) continue;
        const std::vector<float> weights = decoded_tensor(original_, tensor.name);
        std::vector<const Grid*> grids;
        for (const TypeOption& option : tensor.options) grids.push_back(find_grid(option.type->name));
        std::vector<double> errors = rounders.at(tensor.name).errors(grids, rows_of(tensor, weights), request_.threads);
        std::transform(errors.begin(), errors.end(), errors.begin(), finite);
        journal_.add(error_key(tensor.name), errors);
        const double share = static_cast<double>(t + 1) / static_cast<double>(admissible_.tensors.size());
        show(inputs_end + (errors_end - inputs_end) * share, "error of every type, " + tensor.name);
    }
}

// Makes the rounded copy of the model hold the tensors of the group in these options.
void AllocationSearch::round_to(const Chosen& options, const std::vector<std::size_t>& group) {
    if (!rounded_) rounded_ = std::make_unique<ProbeFile>(plain_, request_.work_folder / "allocation-rounded.gguf");
    std::vector<std::size_t> others;
    for (const std::size_t t : group)
        if (held_[t] != options[t]) others.push_back(t);
    if (others.empty()) return;
    const TensorRounders& rounders = rounders_for(group);
    for (const std::size_t t : others) {
        const FreeTensor& tensor = admissible_.tensors[t];
        const std::vector<float> weights = decoded_tensor(original_, tensor.name);
        const Grid& grid = *find_grid(tensor.options[options[t]].type->name);
        rounded_->write(tensor.name,
                        rounders.at(tensor.name).rounded(grid, rows_of(tensor, weights), request_.threads));
        held_[t] = options[t];
    }
}

engine::TensorTypes AllocationSearch::types_of(const Chosen& chosen) const {
    engine::TensorTypes types;
    for (std::size_t t = 0; t < chosen.size(); ++t)
        types[admissible_.tensors[t].name] = std::string(admissible_.tensors[t].options[chosen[t]].type->name);
    return types;
}

}  // namespace scale::quantize

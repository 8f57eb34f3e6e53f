#include "quantize/allocation/search.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "quantize/grid/grid.h"
#include "quantize/network/output_gradient_moments.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace fs = std::filesystem;

namespace {

// Probes may cost as much arithmetic as a pass over so many tokens, exchanges again as much; small models get more.
constexpr double tokens_worth = 24576;
constexpr double least_operations = 1.5e12;
constexpr std::size_t most_swaps = 12;
// A plan whose expected KL is below this share of the mix's needs no measurement against it; the model is not that
// wrong.
constexpr double sure_gain = 0.85;
// Gradients of outputs take about three times the arithmetic of a pass.
constexpr std::uint64_t gradient_tokens = 4096;

// Shares of the whole search, for the progress display.
constexpr double gradients_end = 0.15;
constexpr double errors_end = 0.35;
constexpr double probes_end = 0.7;

std::string error_key(const std::string& tensor) {
    return "error " + tensor;
}
std::string gradient_key(const std::string& tensor) {
    return "gradient " + tensor;
}
std::string probe_key(const ProbeGroup& group) {
    return "probe " + group.name;
}

// A figure that JSON can hold.
double finite(double value) {
    return std::isfinite(value) ? value : std::numeric_limits<double>::max() / 1e30;
}

std::vector<std::string> names_of(const std::vector<FreeTensor>& tensors) {
    std::vector<std::string> names;
    for (const FreeTensor& tensor : tensors) names.push_back(tensor.name);
    return names;
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
      texts_(divide_texts(calibration)),
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
    constexpr int form = 1;
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

// With gradients, tensors are probed as the plan would be by these alone; without, at about the width that the plan
// will give them on average.
AllocationSearch::Chosen AllocationSearch::probed_options() const {
    if (!row_costs_.empty()) {
        const std::vector<double> factors(admissible_.tensors.size(), 1.0);
        return solve_knapsack(costs_by(factors), budget() - admissible_.fixed_bytes)->chosen;
    }
    double weights = 0;
    for (const FreeTensor& tensor : admissible_.tensors) weights += static_cast<double>(tensor.weights());
    const double bits = 8 * static_cast<double>(budget() - admissible_.fixed_bytes) / weights;
    Chosen options;
    for (const FreeTensor& tensor : admissible_.tensors) {
        const auto distance = [&](const TypeOption& option) { return std::abs(option.type->bits_per_weight() - bits); };
        options.push_back(static_cast<std::size_t>(
            std::min_element(tensor.options.begin(), tensor.options.end(),
                             [&](const auto& a, const auto& b) { return distance(a) < distance(b); }) -
            tensor.options.begin()));
    }
    return options;
}

std::vector<std::vector<KnapsackOption>> AllocationSearch::costs_by(const std::vector<double>& factors) const {
    std::vector<std::vector<KnapsackOption>> costs;
    for (std::size_t t = 0; t < factors.size(); ++t) {
        auto& item = costs.emplace_back();
        for (std::size_t o = 0; o < admissible_.tensors[t].options.size(); ++o)
            item.push_back({admissible_.tensors[t].options[o].bytes, factors[t] * errors_of(t)[o]});
    }
    return costs;
}

std::size_t AllocationSearch::affordable(std::uint64_t tokens) const {
    double operations = 0;  // a token
    for (const FreeTensor& tensor : admissible_.tensors) operations += 2 * static_cast<double>(tensor.weights());
    return static_cast<std::size_t>(std::max(operations * tokens_worth, least_operations) /
                                    (operations * static_cast<double>(std::max<std::uint64_t>(tokens, 1))));
}

std::vector<ProbeGroup> AllocationSearch::groups() const {
    // Gradients tell layers apart already; then probes only correct each role.
    if (!row_costs_.empty()) return probe_groups(names_of(admissible_.tensors), 0, false);
    const std::size_t most = affordable(model::count_tokens(texts_.probes));
    return probe_groups(names_of(admissible_.tensors), std::min(most, request_.most_probes), true);
}

TensorRounders AllocationSearch::rounders_of(const std::vector<std::size_t>& group) {
    std::vector<std::string> names;
    for (const std::size_t t : group) names.push_back(admissible_.tensors[t].name);
    return make_rounders(request_.original, names, texts_.inputs, request_.threads, [&](double share) {
        progress_(0, 1, fmt::format("inputs of {} tensors, {:.0f} %", names.size(), 100 * share));
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
        options.tokens = gradient_tokens;
        options.threads = request_.threads;
        const auto moments = output_gradient_moments(original_, texts_.inputs, options, [&](double at, double total) {
            progress_(gradients_end * at / std::max(total, 1.0), 1, "what each output matters");
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
        progress_(gradients_end + (errors_end - gradients_end) * share, 1, "error of every type, " + tensor.name);
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

void AllocationSearch::measure_probe(const ProbeGroup& group, ProbeFile& file, const DivergenceMeter& meter) {
    for (const std::size_t t : group.tensors) file.copy(admissible_.tensors[t].name, *rounded_);
    journal_.add(probe_key(group), {finite(mean_of(meter.measure(file.path())))});
    for (const std::size_t t : group.tensors) file.restore(admissible_.tensors[t].name);
}

void AllocationSearch::measure_sensitivities() {
    const std::vector<ProbeGroup> wanted = groups();
    const Chosen probed = probed_options();
    std::unique_ptr<ProbeFile> file;
    std::unique_ptr<DivergenceMeter> meter;
    std::vector<double> measured;
    for (const ProbeGroup& group : wanted) {
        if (!journal_.find(probe_key(group))) {
            if (!meter) {
                for (const auto& in_memory : memory_groups_) round_to(probed, in_memory);
                file = std::make_unique<ProbeFile>(plain_, request_.work_folder / "allocation-probe.gguf");
                meter = std::make_unique<DivergenceMeter>(plain_, texts_.probes, request_.threads);
            }
            measure_probe(group, *file, *meter);
        }
        measured.push_back(journal_.find(probe_key(group))->front());
        const double share = static_cast<double>(measured.size()) / static_cast<double>(wanted.size());
        progress_(errors_end + (probes_end - errors_end) * share, 1, "effect on the whole model, " + group.name);
    }
    std::vector<double> errors;
    for (std::size_t t = 0; t < probed.size(); ++t) errors.push_back(errors_of(t)[probed[t]]);
    costs_ = costs_by(fit_factors(errors, wanted, measured));
    probes_ = wanted.size();
}

void AllocationSearch::choose() {
    chosen_ = solve_knapsack(costs_, budget() - admissible_.fixed_bytes)->chosen;  // the constructor saw that it fits
}

engine::TensorTypes AllocationSearch::types_of(const Chosen& chosen) const {
    engine::TensorTypes types;
    for (std::size_t t = 0; t < chosen.size(); ++t)
        types[admissible_.tensors[t].name] = std::string(admissible_.tensors[t].options[chosen[t]].type->name);
    return types;
}

std::vector<double> AllocationSearch::divergence_of(const Chosen& chosen) {
    const std::string key = "plan " + core::sha256_hex(core::canonical(types_of(chosen)));
    if (const auto* known = journal_.find(key)) return *known;
    if (!held_out_) held_out_ = std::make_unique<DivergenceMeter>(plain_, texts_.held_out, request_.threads);
    round_to(chosen, memory_groups_.front());
    std::vector<double> divergence = held_out_->measure(rounded_->path());
    std::transform(divergence.begin(), divergence.end(), divergence.begin(), finite);
    journal_.add(key, divergence);
    return divergence;
}

void AllocationSearch::try_swap(const Swap& swap, Chosen& current, std::vector<double>& divergence) {
    Chosen other = current;
    other[swap.widened] = swap.wider;
    other[swap.narrowed] = swap.narrower;
    const std::vector<double> found = divergence_of(other);
    const PairedDifference change = paired_difference(divergence, found);
    ++swaps_tried_;
    if (!(change.mean < -2 * change.error)) return;
    ++swaps_accepted_;
    current = other;
    divergence = found;
}

double AllocationSearch::sum_of_costs(const Chosen& chosen) const {
    double sum = 0;
    for (std::size_t t = 0; t < chosen.size(); ++t) sum += costs_[t][chosen[t]].cost;
    return sum;
}

// The additive model may be wrong; then the mix's own types are at hand.
void AllocationSearch::prefer_stock_where_better() {
    Chosen stock;
    std::uint64_t bytes = admissible_.fixed_bytes;
    for (std::size_t t = 0; t < chosen_.size(); ++t) {
        stock.push_back(admissible_.tensors[t].stock);
        bytes += costs_[t][stock[t]].bytes;
    }
    if (bytes > budget() || stock == chosen_) return;
    if (sum_of_costs(chosen_) < sure_gain * sum_of_costs(stock)) return;
    const std::vector<double> divergence = divergence_of(stock);
    stock_kl_ = mean_of(divergence);
    if (*stock_kl_ >= mean_of(chosen_divergence_)) return;
    chosen_ = stock;
    chosen_divergence_ = divergence;
}

void AllocationSearch::improve_by_swaps() {
    if (memory_groups_.size() != 1 || texts_.held_out.empty()) return;
    chosen_divergence_ = divergence_of(chosen_);
    prefer_stock_where_better();
    if (!request_.swaps) return;
    std::uint64_t used = admissible_.fixed_bytes;
    for (std::size_t t = 0; t < chosen_.size(); ++t) used += costs_[t][chosen_[t]].bytes;
    const std::size_t most = std::min(most_swaps, affordable(model::count_tokens(texts_.held_out)));
    std::set<std::size_t> moved;  // a second exchange of a tensor would not be the one that was proposed
    const std::vector<Swap> swaps = propose_swaps(costs_, chosen_, budget() - used, most);
    std::uint64_t spare = budget() - used;
    for (const Swap& swap : swaps) {
        const auto bytes = [&](const Chosen& of) {
            return costs_[swap.widened][of[swap.widened]].bytes + costs_[swap.narrowed][of[swap.narrowed]].bytes;
        };
        const std::uint64_t before = bytes(chosen_);
        const std::uint64_t after = costs_[swap.widened][swap.wider].bytes + costs_[swap.narrowed][swap.narrower].bytes;
        if (moved.contains(swap.widened) || moved.contains(swap.narrowed) || after > before + spare) continue;
        const std::size_t accepted = swaps_accepted_;
        try_swap(swap, chosen_, chosen_divergence_);
        progress_(probes_end + (1 - probes_end) * static_cast<double>(swaps_tried_) / static_cast<double>(swaps.size()),
                  1, fmt::format("exchanges measured: {}, accepted: {}", swaps_tried_, swaps_accepted_));
        if (swaps_accepted_ == accepted) continue;
        moved.insert({swap.widened, swap.narrowed});
        spare = spare + before - after;
    }
}

AllocationOutcome AllocationSearch::outcome() const {
    AllocationOutcome outcome;
    AllocationPlan& plan = outcome.plan;
    plan.model_sha256 = request_.model_sha256;
    plan.mix = request_.mix;
    plan.types = types_of(chosen_);
    plan.budget_bytes = budget();
    const engine::QuantizePlan exact =
        engine::plan_quantization(request_.original, request_.mix, {.types = plan.types});
    for (const engine::TensorPlan& tensor : exact.tensors)
        if (const auto wanted = plan.types.find(tensor.name);
            wanted != plan.types.end() && wanted->second != tensor.type)
            throw core::worker_error(fmt::format("the engine gives {} the type {}", tensor.name, tensor.type),
                                     wanted->second + ", as planned", "allocation = \"stock\" in scale.toml");
    if (exact.file_bytes > budget())
        throw core::worker_error(fmt::format("the plan takes {} bytes", exact.file_bytes),
                                 fmt::format("at most {}", budget()), "allocation = \"stock\" in scale.toml");
    plan.file_bytes = exact.file_bytes;
    plan.bits_per_weight = exact.bits_per_weight;
    Chosen stock;
    for (const FreeTensor& tensor : admissible_.tensors) stock.push_back(tensor.stock);
    outcome.additive_kl = sum_of_costs(chosen_);
    outcome.additive_kl_stock = sum_of_costs(stock);
    outcome.mix_bytes = stock_.file_bytes;
    outcome.resumed_at = resumed_at_;
    outcome.probes = probes_;
    outcome.swaps_tried = swaps_tried_;
    outcome.swaps_accepted = swaps_accepted_;
    plan.kl = outcome.additive_kl;
    plan.kl_source = fmt::format("estimated (errors of our rounding times sensitivities from {} probes of {} tokens)",
                                 probes_, model::count_tokens(texts_.probes));
    if (!chosen_divergence_.empty()) {
        plan.kl = mean_of(chosen_divergence_);
        plan.kl_source = fmt::format(
            "estimated (the plan with the search's quicker rounding, on {} calibration samples that made no "
            "statistics)",
            chosen_divergence_.size());
    }
    outcome.stock_kl = stock_kl_.value_or(plan.kl * outcome.additive_kl_stock / std::max(outcome.additive_kl, 1e-30));
    plan.notes = fmt::format(
        "{} types by exact knapsack over bytes, sensitivities from {}{} whole-model "
        "probes; {} exchanges measured, {} accepted",
        plan.types.size(), row_costs_.empty() ? "" : "output gradients and ", probes_, swaps_tried_, swaps_accepted_);
    return outcome;
}

AllocationOutcome allocate_types(const AllocationRequest& request, const std::vector<model::TokenSequence>& calibration,
                                 const AllocationProgress& progress) {
    openblas_set_num_threads(1);  // tasks are split over threads instead, so that sums do not depend on their number
    AllocationSearch search(request, calibration, progress);
    search.measure_gradients();
    search.measure_errors();
    search.measure_sensitivities();
    search.choose();
    search.improve_by_swaps();
    return search.outcome();
}

}  // namespace scale::quantize

// Second and third step of a search: what errors cost the whole model, and the plan that follows.
#include <algorithm>
#include <cmath>

#include "quantize/allocation/search.h"
#include "quantize/allocation/search_steps.h"

namespace scale::quantize {

namespace {

std::string probe_key(const ProbeGroup& group) {
    return "probe " + group.name;
}

std::vector<std::string> names_of(const std::vector<FreeTensor>& tensors) {
    std::vector<std::string> names;
    for (const FreeTensor& tensor : tensors) names.push_back(tensor.name);
    return names;
}

}  // namespace

std::vector<ProbeGroup> AllocationSearch::groups() const {
    // Gradients tell layers apart already; then probes only correct each role.
    if (!row_costs_.empty()) return probe_groups(names_of(admissible_.tensors), 0, false);
    const std::size_t most = affordable(model::count_tokens(texts_.probes));
    return probe_groups(names_of(admissible_.tensors), std::min(most, request_.most_probes), true);
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
        show(errors_end + (probes_end - errors_end) * share, "effect on the whole model, " + group.name);
    }
    std::vector<double> errors;
    for (std::size_t t = 0; t < probed.size(); ++t) errors.push_back(errors_of(t)[probed[t]]);
    costs_ = costs_by(fit_factors(errors, wanted, measured));
    probes_ = wanted.size();
}

void AllocationSearch::choose() {
    chosen_ = solve_knapsack(costs_, budget() - admissible_.fixed_bytes)->chosen;  // the constructor saw that it fits
}

}  // namespace scale::quantize

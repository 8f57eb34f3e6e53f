#include "quantize/refine/input_moments.h"

#include <algorithm>
#include <cblas.h>
#include <cstdlib>

#include <fmt/format.h>

#include "core/parallel.h"

namespace scale::quantize {

namespace {

constexpr int panel_columns = 192;
constexpr std::size_t worth_sharing = std::size_t{1} << 26;  // multiplications; starting a thread costs tens of µs

// upper += rowsᵀ rows, the upper triangle of n × n, in panels of columns from the diagonal up.
void add_products(std::span<const float> rows, int n, float* upper, int threads) {
    const auto width = static_cast<std::size_t>(n);
    const auto count = static_cast<int>(rows.size() / width);
    const int panels = (n + panel_columns - 1) / panel_columns;
    const bool shared = rows.size() * width > worth_sharing;
    core::run_tasks(panels, shared ? threads : 1, [&](int task) {
        const int begin = (panels - 1 - task) * panel_columns;  // the tallest first
        const int columns = std::min(panel_columns, n - begin);
        const float* panel = rows.data() + begin;
        if (begin > 0)
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, begin, columns, count, 1.0f, rows.data(), n, panel, n,
                        1.0f, upper + begin, n);
        cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, columns, count, 1.0f, panel, n, 1.0f,
                    upper + static_cast<std::size_t>(begin) * width + begin, n);
    });
}

}  // namespace

std::string expert_name(const std::string& weight, int expert) {
    return fmt::format("{}[{}]", weight, expert);
}

InputMomentsCollector::InputMomentsCollector(const std::set<std::string>& weights, int threads) : threads_(threads) {
    for (const std::string& name : weights) {
        const std::size_t bracket = name.find('[');
        if (bracket == std::string::npos)
            wanted_.insert(name);
        else
            experts_[name.substr(0, bracket)].insert(std::atoi(name.c_str() + bracket + 1));
    }
}

std::size_t InputMomentsCollector::make_input(int columns, const std::string& owner) {
    const auto size = static_cast<std::size_t>(columns) * static_cast<std::size_t>(columns);
    inputs_.push_back({columns, {std::vector<float>(size), std::vector<float>(size)}, {}, owner, no_layer});
    return inputs_.size() - 1;
}

void InputMomentsCollector::add(Sums& sums, std::span<const float> rows) const {
    const auto count = rows.size() / static_cast<std::size_t>(sums.columns);
    const auto h = static_cast<std::size_t>(half_);
    add_products(rows, sums.columns, sums.upper[h].data(), threads_);
    sums.count[h] += count;
}

void InputMomentsCollector::observe(const std::string& weight, std::span<const float> rows, int columns,
                                    bool same_input) {
    const auto known = input_of_.find(weight);
    if (known != input_of_.end()) {
        last_input_ = known->second;
    } else if (same_input && !inputs_.empty()) {
        input_of_[weight] = last_input_;  // reads what the layer before it read
    } else {
        last_input_ = make_input(columns, weight);
        input_of_[weight] = last_input_;
    }
    if (same_input) return;  // counted when the first of its readers came by
    add(inputs_[last_input_], rows);
}

void InputMomentsCollector::observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                                            std::span<const std::int32_t> experts, bool same_input) {
    if (!same_input) last_experts_ = weight;
    const auto width = static_cast<std::size_t>(columns);
    std::map<int, std::vector<float>> by_expert;
    for (std::size_t i = 0; i < experts.size(); ++i) {
        std::vector<float>& own = by_expert[experts[i]];
        const auto row = rows.subspan(i * width, width);
        own.insert(own.end(), row.begin(), row.end());
    }
    // The layer as a whole, shared by its readers like any input.
    const auto layer = input_of_.find(weight);
    const auto first = input_of_.find(last_experts_);
    std::size_t whole = 0;
    if (layer != input_of_.end())
        whole = layer->second;
    else
        whole = input_of_[weight] =
            same_input && first != input_of_.end() ? first->second : make_input(columns, weight);
    if (inputs_[whole].owner == weight) add(inputs_[whole], rows);
    for (const int expert : experts_[weight])
        observe_expert(weight, expert, by_expert[expert], columns, same_input, whole);
}

void InputMomentsCollector::observe_expert(const std::string& weight, int expert, std::span<const float> rows,
                                           int columns, bool same_input, std::size_t layer) {
    const std::string name = expert_name(weight, expert);
    if (!input_of_.contains(name)) {
        const auto first = input_of_.find(expert_name(last_experts_, expert));
        if (same_input && first != input_of_.end()) {
            input_of_[name] = first->second;
        } else {
            const std::size_t made = make_input(columns, name);
            inputs_[made].layer = layer;
            input_of_[name] = made;
        }
    }
    Sums& sums = inputs_[input_of_[name]];
    if (sums.owner == name && !rows.empty()) add(sums, rows);
}

Moments InputMomentsCollector::weighted(const Sums& sums, const std::array<double, 2>& weights) {
    const auto n = static_cast<std::size_t>(sums.columns);
    Moments moments{sums.columns, std::vector<float>(n * n)};
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i; j < n; ++j) {
            const double value = weights[0] * static_cast<double>(sums.upper[0][i * n + j]) +
                                 weights[1] * static_cast<double>(sums.upper[1][i * n + j]);
            moments.values[i * n + j] = moments.values[j * n + i] = static_cast<float>(value);
        }
    return moments;
}

Moments InputMomentsCollector::mean_of_halves(const std::string& weight, bool first, bool second) const {
    const Sums& sums = inputs_[input_of_.at(weight)];
    const auto tokens = [&](const Sums& of) {
        return static_cast<double>((first ? of.count[0] : 0) + (second ? of.count[1] : 0));
    };
    const auto of_halves = [&](double factor) {
        return std::array<double, 2>{first ? factor : 0.0, second ? factor : 0.0};
    };
    const double own = tokens(sums);
    if (sums.layer == no_layer) return weighted(sums, of_halves(own > 0 ? 1 / own : 0));
    const Sums& layer = inputs_[sums.layer];
    const double all = tokens(layer), prior = all > 0 ? static_cast<double>(sums.columns) : 0;
    const double total = own + prior;
    Moments moments = weighted(sums, of_halves(total > 0 ? 1 / total : 0));
    if (prior > 0) {
        const Moments mean = weighted(layer, of_halves(prior / total / all));
        for (std::size_t i = 0; i < moments.values.size(); ++i) moments.values[i] += mean.values[i];
    }
    return moments;
}

Moments InputMomentsCollector::half(const std::string& weight, int half) const {
    return mean_of_halves(weight, half == 0, half == 1);
}

Moments InputMomentsCollector::whole(const std::string& weight) const {
    return mean_of_halves(weight, true, true);
}

std::uint64_t InputMomentsCollector::tokens(const std::string& weight) const {
    const Sums& sums = inputs_[input_of_.at(weight)];
    return sums.count[0] + sums.count[1];
}

}  // namespace scale::quantize

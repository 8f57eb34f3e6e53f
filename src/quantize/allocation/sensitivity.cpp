#include "quantize/allocation/sensitivity.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

namespace scale::quantize {

namespace {

constexpr int fit_rounds = 100;

constexpr std::string_view layer_prefix = "blk.";

double sum_of(const ProbeGroup& group, const std::vector<double>& factors, const std::vector<double>& errors) {
    double sum = 0;
    for (const std::size_t t : group.tensors) sum += factors[t] * errors[t];
    return sum;
}

std::vector<ProbeGroup> bands_of(const std::vector<std::string>& tensors, std::size_t count) {
    int layers = 0;
    for (const auto& tensor : tensors) layers = std::max(layers, layer_of(tensor) + 1);
    const int bands = std::min(layers, static_cast<int>(count));
    std::vector<ProbeGroup> groups;
    for (int band = 0; bands > 1 && band < bands; ++band) {
        const int first = band * layers / bands, end = (band + 1) * layers / bands;
        ProbeGroup group{fmt::format("layers {} to {}", first, end - 1), true, {}};
        for (std::size_t t = 0; t < tensors.size(); ++t)
            if (const int layer = layer_of(tensors[t]); layer >= first && layer < end) group.tensors.push_back(t);
        groups.push_back(std::move(group));
    }
    return groups;
}

}  // namespace

int layer_of(const std::string& tensor) {
    int layer = -1;
    if (tensor.starts_with(layer_prefix))
        std::from_chars(tensor.data() + layer_prefix.size(), tensor.data() + tensor.size(), layer);
    return layer;
}

std::string role_of(const std::string& tensor) {
    if (layer_of(tensor) < 0) return tensor;
    std::string role = tensor.substr(tensor.find('.', layer_prefix.size()) + 1);
    if (role.ends_with(".weight")) role.resize(role.size() - std::string_view(".weight").size());
    return role;
}

std::vector<ProbeGroup> probe_groups(const std::vector<std::string>& tensors, std::size_t most, bool bands) {
    std::vector<ProbeGroup> groups;
    if (tensors.size() <= most) {
        for (std::size_t t = 0; t < tensors.size(); ++t) groups.push_back({tensors[t], false, {t}});
        return groups;
    }
    std::map<std::string, std::size_t> index;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        const auto [at, is_new] = index.emplace(role_of(tensors[t]), groups.size());
        if (is_new) groups.push_back({at->first, false, {}});
        groups[at->second].tensors.push_back(t);
    }
    if (!bands) return groups;
    for (ProbeGroup& band : bands_of(tensors, most - std::min(most, groups.size()))) groups.push_back(std::move(band));
    return groups;
}

std::vector<double> fit_factors(const std::vector<double>& errors, const std::vector<ProbeGroup>& groups,
                                const std::vector<double>& measured) {
    std::vector<double> factors(errors.size(), 1.0);
    double roles = 0, bands = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const bool inside = !groups[g].tensors.empty();
        if (groups[g].is_band) bands += measured[g];
        // Tensors outside the layers are in no band.
        const bool banded = inside && std::any_of(groups.begin(), groups.end(), [&](const ProbeGroup& other) {
                                return other.is_band && std::find(other.tensors.begin(), other.tensors.end(),
                                                                  groups[g].tensors.front()) != other.tensors.end();
                            });
        if (!groups[g].is_band && banded) roles += measured[g];
    }
    const double band_scale = bands > 0 && roles > 0 ? roles / bands : 1;
    for (int round = 0; round < fit_rounds; ++round)
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const double wanted = measured[g] * (groups[g].is_band ? band_scale : 1);
            const double found = sum_of(groups[g], factors, errors);
            if (!(wanted > 0) || !(found > 0)) continue;
            for (const std::size_t t : groups[g].tensors) factors[t] *= wanted / found;
        }
    return factors;
}

}  // namespace scale::quantize

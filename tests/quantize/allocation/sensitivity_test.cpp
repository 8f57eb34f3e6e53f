#include "quantize/allocation/sensitivity.h"

#include <set>

#include <gtest/gtest.h>

#include "core/random.h"

namespace scale::quantize {
namespace {

std::vector<std::string> tensors(int layers) {
    std::vector<std::string> names{"token_embd.weight"};
    for (int layer = 0; layer < layers; ++layer)
        for (const char* role : {"attn_v", "ffn_down", "ffn_up"})
            names.push_back("blk." + std::to_string(layer) + "." + role + ".weight");
    return names;
}

TEST(Sensitivity, NamesRolesAndLayers) {
    EXPECT_EQ(role_of("blk.12.attn_v.weight"), "attn_v");
    EXPECT_EQ(role_of("output.weight"), "output.weight");
    EXPECT_EQ(layer_of("blk.12.attn_v.weight"), 12);
    EXPECT_EQ(layer_of("output.weight"), -1);
}

TEST(Sensitivity, ProbesEveryTensorWhereThatIsAffordable) {
    const auto names = tensors(4);
    EXPECT_EQ(probe_groups(names, 13, true).size(), 13u);
    const auto groups = probe_groups(names, 12, true);
    std::multiset<std::size_t> covered, banded;
    for (const ProbeGroup& group : groups)
        for (const std::size_t t : group.tensors) (group.is_band ? banded : covered).insert(t);
    EXPECT_EQ(covered.size(), names.size());  // every tensor in exactly one role
    EXPECT_EQ(std::set<std::size_t>(covered.begin(), covered.end()).size(), names.size());
    EXPECT_EQ(banded.size(), names.size() - 1);  // and all but the embedding in one band
    EXPECT_EQ(groups.size(), 4u + 4u);
    EXPECT_EQ(probe_groups(names, 2, true).size(), 4u);  // at least one a role, then no bands
}

TEST(Sensitivity, RecoversFactorsThatAreRoleTimesBand) {
    const auto names = tensors(6);
    const auto groups = probe_groups(names, 10, true);
    core::Random random(5);
    std::vector<double> truth, errors;
    std::set<std::string> roles;
    for (const auto& name : names) {
        const double role = role_of(name) == "attn_v" ? 3.0 : role_of(name) == "ffn_up" ? 0.2 : 1.0;
        truth.push_back(role * (layer_of(name) < 0 ? 7.0 : 1.0 + layer_of(name)));
        errors.push_back(0.01 + 0.02 * random.uniform());
    }
    std::vector<double> measured;
    for (const ProbeGroup& group : groups) {
        double kl = 0;
        for (const std::size_t t : group.tensors) kl += truth[t] * errors[t];
        measured.push_back(group.is_band ? 0.8 * kl : kl);  // errors that partly cancel within layers
    }
    const auto factors = fit_factors(errors, groups, measured);
    for (std::size_t t = 0; t < names.size(); ++t) EXPECT_NEAR(factors[t] / truth[t], 1, 0.02) << names[t];
}

TEST(Sensitivity, AProbeWithoutEffectLeavesTheFactor) {
    const auto groups = probe_groups(tensors(1), 10, false);
    const auto factors = fit_factors({1, 1, 1, 0}, groups, {0.5, -0.1, 0.0, 0.3});
    EXPECT_EQ(factors, (std::vector<double>{0.5, 1, 1, 1}));
}

}  // namespace
}  // namespace scale::quantize

// Refining a mixture of experts: a model made from the dense test model by tests/support/make_moe.py.
#include <cmath>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "core/file.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/random_sequences.h"
#include "quantize/refine/input_moments.h"
#include "quantize/refine/refine_file.h"
#include "support/paths.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

class RefineExperts : public testing::Test {
  protected:
    void SetUp() override {
        const auto dense = test::test_model();
        if (!dense) GTEST_SKIP() << "no test model";
        dense_ = *dense;
        const std::string script = (test::source_folder() / "tests/support/make_moe.py").string();
        const std::string command = "python3 '" + script + "' '" + dense_.string() + "' '" + moe().string() + "' 3";
        ASSERT_EQ(std::system(command.c_str()), 0);
    }
    void quantize_stock() {
        engine::QuantizeOptions options;
        options.mix = "Q3_K_S";
        engine::quantize(moe(), stock(), options);
    }

    core::fs::path moe() const { return folder_.path() / "moe.gguf"; }
    core::fs::path stock() const { return folder_.path() / "stock.gguf"; }

    std::vector<RefineLine> refine(const std::string& name, std::uint64_t memory) {
        RefineRequest request;
        request.original = moe();
        request.target = target(name);
        request.journal = folder_.path() / (name + ".journal");
        request.fingerprint = "f";
        request.memory_bytes = memory;
        request.options.threads = 1;
        request.options.regularisations = {{0.3, 0.02}};
        request.options.rounding.sweeps = 0;
        request.options.probe_rows = 4;
        core::fs::copy_file(stock(), request.target);
        return refine_file(request, random_sequences(), [](double, double, const std::string&) {});
    }
    core::fs::path target(const std::string& name) const { return folder_.path() / (name + ".gguf"); }

    core::TemporaryFolder folder_;
    core::fs::path dense_;
};

std::vector<float> logits(const core::fs::path& path, const std::vector<std::int32_t>& tokens) {
    const engine::Model model(path);
    engine::SessionOptions options;
    options.context = 128;
    engine::Session session(model, options);
    std::vector<float> all;
    session.logits(tokens, 0,
                   [&](std::size_t, std::span<const float> row) { all.insert(all.end(), row.begin(), row.end()); });
    return all;
}

TEST_F(RefineExperts, TheModelComputesWhatTheDenseOneDoes) {
    const auto tokens = random_sequences().front().tokens;
    const auto a = logits(dense_, tokens), b = logits(moe(), tokens);
    ASSERT_EQ(a.size(), b.size());
    double off = 0, power = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        off += std::pow(static_cast<double>(a[i] - b[i]), 2);
        power += std::pow(static_cast<double>(a[i]), 2);
    }
    EXPECT_LT(off, 1e-3 * power);
}

TEST_F(RefineExperts, EveryExpertIsRefinedOnItsOwnAndOnlyItsBytesChange) {
    quantize_stock();
    const auto lines = refine("a", std::uint64_t{4} << 30);
    std::set<std::string> refined;
    std::uint64_t experts = 0;
    for (const RefineLine& line : lines) {
        const bool expert = line.tensor.ends_with(']');
        experts += expert && line.refined;
        if (line.refined) refined.insert(line.tensor);
        EXPECT_TRUE(!line.refined || line.refined_loss < line.stock_loss) << line.tensor;
        EXPECT_TRUE(!expert || line.tokens < 2u * 4 * 64) << line.tensor;  // not the whole layer's
    }
    const model::GgufFile before(stock()), after(target("a"));
    std::uint64_t slices = 0;
    for (const auto& tensor : before.tensors()) {
        if (tensor.shape.size() != 3) continue;
        const auto x = before.data(tensor), y = after.data(*after.tensor(tensor.name));
        const std::size_t share = tensor.bytes / tensor.shape[2];
        for (std::size_t e = 0; e < tensor.shape[2]; ++e, ++slices) {
            const auto first = static_cast<std::ptrdiff_t>(e * share),
                       last = static_cast<std::ptrdiff_t>((e + 1) * share);
            const bool same = std::equal(x.begin() + first, x.begin() + last, y.begin() + first);
            EXPECT_EQ(same, !refined.contains(expert_name(tensor.name, static_cast<int>(e)))) << tensor.name << e;
        }
    }
    EXPECT_GT(slices, 30u);
    EXPECT_GT(experts, slices * 3 / 4);
}

TEST_F(RefineExperts, GroupsThatCutALayerStillCoverEveryExpert) {
    quantize_stock();
    const auto lines = refine("cut", std::uint64_t{60} << 20);  // cuts the third layer's experts apart
    std::set<std::string> names;
    for (const RefineLine& line : lines) names.insert(line.tensor);
    EXPECT_EQ(names.size(), lines.size());
    const model::GgufFile file(stock());
    for (const auto& tensor : file.tensors()) {
        if (tensor.shape.size() != 3) continue;
        for (int expert = 0; expert < static_cast<int>(tensor.shape[2]); ++expert)
            EXPECT_TRUE(names.contains(expert_name(tensor.name, expert))) << tensor.name << expert;
    }
}

}  // namespace
}  // namespace scale::quantize

// The search on the small real model, and the bytes that it promises.
#include "quantize/allocation/allocate.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/allocation/admissible.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

std::vector<model::TokenSequence> sequences() {
    core::Random random(3);
    std::vector<model::TokenSequence> set;
    for (int i = 0; i < 12; ++i) {
        set.push_back({std::to_string(i), "s", "t", {}});
        for (int t = 0; t < 24; ++t) set.back().tokens.push_back(static_cast<std::int32_t>(1 + random.below(4000)));
    }
    return set;
}

class AllocateTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        model_ = *model;
    }
    AllocationRequest request(const std::string& name) const {
        AllocationRequest request;
        request.original = model_;
        request.model_sha256 = "m";
        request.mix = "Q3_K_S";
        request.work_folder = folder_.path();
        request.journal = folder_.path() / (name + ".jsonl");
        request.fingerprint = "f";
        request.allowed_types = {"Q2_K", "Q3_K", "Q4_K", "Q6_K"};
        request.threads = 2;
        request.swaps = false;
        return request;
    }
    AllocationOutcome run(const AllocationRequest& request) {
        return allocate_types(request, sequences(), [&](double done, double total, const std::string& note) {
            EXPECT_LE(done, total);
            if (!killed_at_.empty() && note.starts_with(killed_at_) && --reports_left_ == 0)
                throw std::runtime_error("killed");
        });
    }

    core::TemporaryFolder folder_;
    core::fs::path model_;
    std::string killed_at_;  // the step whose report number `reports_left_` stands for SIGKILL
    int reports_left_ = 0;
};

TEST_F(AllocateTest, AdmissibleBytesAreThoseOfTheFile) {
    const model::GgufFile original(model_);
    const auto stock = engine::plan_quantization(model_, "Q4_K_M");
    const Admissible admissible = admissible_types(original, stock);
    EXPECT_EQ(admissible.tensors.size(), 43u);
    core::Random random(7);
    for (int round = 0; round < 8; ++round) {
        engine::TensorTypes types;
        std::uint64_t bytes = admissible.fixed_bytes;
        for (const FreeTensor& tensor : admissible.tensors) {
            EXPECT_GE(tensor.options.size(), 6u);
            const TypeOption& option = random.pick(tensor.options);
            types[tensor.name] = std::string(option.type->name);
            bytes += option.bytes;
        }
        EXPECT_EQ(engine::plan_quantization(model_, "Q4_K_M", {.types = types}).file_bytes, bytes);
        if (round > 0) continue;
        engine::QuantizeOptions options;
        options.mix = "Q4_K_M";
        options.types = types;
        const auto target = folder_.path() / "written.gguf";
        engine::quantize(model_, target, options);
        EXPECT_EQ(core::fs::file_size(target), bytes);
        const model::GgufFile written(target);
        for (const auto& [tensor, type] : types) EXPECT_EQ(written.tensor(tensor)->type->name, type) << tensor;
    }
}

TEST_F(AllocateTest, TheStockTypesAreAmongTheOptions) {
    const model::GgufFile original(model_);
    const auto stock = engine::plan_quantization(model_, "Q4_K_S");
    const Admissible admissible = admissible_types(original, stock);
    std::uint64_t bytes = admissible.fixed_bytes;
    for (const FreeTensor& tensor : admissible.tensors) {
        bytes += tensor.options[tensor.stock].bytes;
        for (const engine::TensorPlan& planned : stock.tensors)
            if (planned.name == tensor.name) {
                EXPECT_EQ(tensor.options[tensor.stock].type->name, planned.type);
            }
    }
    EXPECT_EQ(bytes, stock.file_bytes);
}

TEST_F(AllocateTest, PlansWithinTheMixesBytesAndNoWorse) {
    const AllocationOutcome outcome = run(request("a"));
    const auto stock = engine::plan_quantization(model_, "Q3_K_S");
    EXPECT_EQ(outcome.mix_bytes, stock.file_bytes);
    EXPECT_LE(outcome.plan.file_bytes, stock.file_bytes);
    EXPECT_GT(outcome.plan.file_bytes, stock.file_bytes * 99 / 100);
    EXPECT_LE(outcome.additive_kl, outcome.additive_kl_stock * 1.0001);
    EXPECT_LE(outcome.plan.kl, outcome.stock_kl);
    EXPECT_EQ(engine::plan_quantization(model_, "Q3_K_S", {.types = outcome.plan.types}).file_bytes,
              outcome.plan.file_bytes);
    EXPECT_NE(outcome.plan.kl_source.find("estimated"), std::string::npos);
    for (const auto& entry : core::fs::directory_iterator(folder_.path()))
        EXPECT_NE(entry.path().extension(), ".gguf") << "a copy of the model is left";
}

TEST_F(AllocateTest, AnInterruptedSearchEndsWithTheSamePlan) {
    const std::string whole = to_text(run(request("whole")).plan);
    for (const auto& [step, reports] :
         {std::pair("error of every type", 5), std::pair("effect on the whole model", 3)}) {
        killed_at_ = step;
        reports_left_ = reports;
        EXPECT_THROW(run(request("cut")), std::runtime_error);
    }
    killed_at_.clear();
    const AllocationOutcome resumed = run(request("cut"));
    EXPECT_GT(resumed.resumed_at, 80u);  // gradients, errors and some probes
    EXPECT_EQ(to_text(resumed.plan), whole);
    AllocationRequest one = request("one");
    one.threads = 1;
    EXPECT_EQ(run(one).plan.types, resumed.plan.types);
}

TEST_F(AllocateTest, ABudgetBelowTheSmallestPlanIsRefused) {
    AllocationRequest small = request("small");
    small.budget_bytes = 1000000;
    try {
        run(small);
        FAIL() << "planned a file that is too small";
    } catch (const core::Error& error) {
        EXPECT_NE(error.expected().find("at least"), std::string::npos);
    }
}

}  // namespace
}  // namespace scale::quantize

#include "quantize/refine/refine_file.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "core/file.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "quantize/random_sequences.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

// Stands for SIGKILL.
struct Killed : std::runtime_error {
    Killed() : std::runtime_error("killed") {}
};

class RefineFileTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        model_ = *model;
        engine::QuantizeOptions options;
        options.mix = "Q3_K_S";
        engine::quantize(model_, stock(), options);
    }

    core::fs::path stock() const { return folder_.path() / "stock.gguf"; }

    RefineRequest request(const std::string& name, int threads = 2) {
        RefineRequest request;
        request.original = model_;
        request.target = folder_.path() / (name + ".gguf");
        request.journal = folder_.path() / (name + ".journal");
        request.fingerprint = "f";
        request.options.threads = threads;
        request.options.regularisations = {{0, 0.02}, {0.3, 0.02}};
        request.options.probe_rows = 8;
        renew(request);
        return request;
    }
    void renew(const RefineRequest& request) {
        core::fs::copy_file(stock(), request.target, core::fs::copy_options::overwrite_existing);
    }
    std::vector<RefineLine> run(const RefineRequest& request, int calls = 1 << 30) {
        return refine_file(request, random_sequences(), [&](double, double, const std::string&) {
            if (--calls == 0) throw Killed();
        });
    }

    core::TemporaryFolder folder_;
    core::fs::path model_;
};

TEST_F(RefineFileTest, ChangesOnlyBytesOfTensorsAndOnlyForTheBetter) {
    const RefineRequest order = request("a");
    const auto lines = run(order);
    const model::GgufFile before(stock()), after(order.target);
    ASSERT_EQ(before.tensors().size(), after.tensors().size());
    ASSERT_EQ(before.file_bytes(), after.file_bytes());
    std::size_t refined = 0;
    for (const RefineLine& line : lines) {
        refined += line.refined;
        EXPECT_TRUE(!line.refined || line.refined_loss < line.stock_loss) << line.tensor;
    }
    EXPECT_GT(lines.size(), 30u);
    EXPECT_GT(refined, lines.size() / 2);
    for (std::size_t i = 0; i < before.tensors().size(); ++i) {
        const auto& a = before.tensors()[i];
        const auto& b = after.tensors()[i];
        ASSERT_EQ(a.name, b.name);
        ASSERT_EQ(a.type, b.type);
        ASSERT_EQ(a.offset, b.offset);
        bool listed = false;
        for (const RefineLine& line : lines) listed = listed || (line.tensor == a.name && line.refined);
        const auto x = before.data(a), y = after.data(b);
        EXPECT_EQ(std::equal(x.begin(), x.end(), y.begin(), y.end()), !listed) << a.name;
        if (!listed) continue;
        for (const float value : engine::decode_rows(b.type->id, y.data(), b.shape[0], b.elements / b.shape[0]))
            ASSERT_TRUE(std::isfinite(value)) << a.name;
    }
}

TEST_F(RefineFileTest, OneAndTwoThreadsGiveTheSameBytes) {
    const RefineRequest one = request("one", 1), two = request("two", 2);
    run(one);
    run(two);
    EXPECT_EQ(core::read_file(one.target), core::read_file(two.target));
}

TEST_F(RefineFileTest, AnInterruptedRunEndsWithTheSameBytes) {
    const RefineRequest whole = request("whole");
    const auto lines = run(whole);
    const RefineRequest cut = request("cut");
    EXPECT_THROW(run(cut, 16), Killed);  // 4 reports while inputs are gathered, then tensors
    const auto kept = RefineJournal(cut.journal, "f").size();
    EXPECT_GT(kept, 0u);
    EXPECT_LT(kept, lines.size());
    // A line and bytes that the end of the process tore.
    core::write_file_atomic(cut.journal, core::read_file(cut.journal) + R"({"tensor":"blk.3.ffn)");
    core::write_file_atomic(cut.journal.string() + ".bin", core::read_file(cut.journal.string() + ".bin") + "torn");
    renew(cut);
    const auto resumed = run(cut);
    EXPECT_EQ(resumed.size(), lines.size());
    EXPECT_EQ(core::read_file(cut.target), core::read_file(whole.target));
    // Everything is in the journal now: repeating it on stock takes all from there.
    renew(cut);
    run(cut);
    EXPECT_EQ(core::read_file(cut.target), core::read_file(whole.target));
}

TEST_F(RefineFileTest, GroupsUnderASmallMemoryLimitResumeToo) {
    RefineRequest whole = request("whole");
    whole.memory_bytes = 24 << 20;  // a few layers each
    run(whole);
    RefineRequest cut = request("cut");
    cut.memory_bytes = whole.memory_bytes;
    EXPECT_THROW(run(cut, 30), Killed);
    renew(cut);
    run(cut);
    EXPECT_EQ(core::read_file(cut.target), core::read_file(whole.target));
}

TEST(RefineJournal, StartsAnewUnderAnotherFingerprintAndWithoutItsBytes) {
    const core::TemporaryFolder folder;
    const auto path = folder.path() / "j";
    const std::vector<std::byte> bytes(5, std::byte{7});
    {
        RefineJournal journal(path, "a");
        journal.add({"x", "Q4_K", true, 0.2, 0.1, {0, 0.01}}, bytes);
        journal.add({"y", "Q4_K", false, 0.2, std::numeric_limits<double>::infinity(), {}}, {});
    }
    {
        const RefineJournal journal(path, "a");
        ASSERT_EQ(journal.size(), 2u);
        EXPECT_EQ(journal.packed("x"), std::string(5, '\7'));
        ASSERT_NE(journal.find("y"), nullptr);
        EXPECT_FALSE(journal.find("y")->refined);
        EXPECT_EQ(journal.find("z"), nullptr);
    }
    EXPECT_EQ(RefineJournal(path, "b").size(), 0u);
    EXPECT_EQ(RefineJournal(path, "b").size(), 0u);
    {
        RefineJournal journal(path, "b");
        journal.add({"x", "Q4_K", true, 0.2, 0.1, {0, 0.01}}, bytes);
    }
    core::write_file_atomic(path.string() + ".bin", "123");  // shorter than its line says
    EXPECT_EQ(RefineJournal(path, "b").size(), 0u);
    core::write_file_atomic(path, "no journal\n");
    EXPECT_EQ(RefineJournal(path, "b").size(), 0u);
}

}  // namespace
}  // namespace scale::quantize

#include "quantize/import/import_file.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "support/gguf_builder.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ImportFileTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        engine::QuantizeOptions options;
        options.mix = GetParam();
        engine::quantize(*model, stock(), options);
        core::fs::copy_file(stock(), target());
        const model::GgufFile file(stock());
        // What must come back has to come from the trained file alone.
        std::string bytes = core::read_file(target());
        for (const auto& tensor : file.tensors())
            bytes.replace(tensor.offset, tensor.bytes, std::string(tensor.bytes, '\0'));
        core::write_file_atomic(target(), bytes);
    }

    core::fs::path stock() const { return folder_.path() / "stock.gguf"; }
    core::fs::path target() const { return folder_.path() / "target.gguf"; }
    core::fs::path trained() const { return folder_.path() / "trained.gguf"; }

    // The stock file's weights as F32: what training on its grid exports. `change` may alter a tensor's weights.
    void write_trained(const std::function<void(const std::string&, std::vector<float>&)>& change = {},
                       const std::string& left_out = {}) {
        const model::GgufFile file(stock());
        test::GgufBuilder builder;
        for (const auto& tensor : file.tensors()) {
            if (tensor.name == left_out) continue;
            auto values = decoded(file, tensor);
            if (change) change(tensor.name, values);
            builder.tensor(tensor.name, 0, tensor.shape,
                           std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
        }
        core::write_file_atomic(trained(), builder.build());
    }
    static std::vector<float> decoded(const model::GgufFile& file, const model::TensorInfo& tensor) {
        return engine::decode_rows(tensor.type->id, file.data(tensor).data(), tensor.shape[0],
                                   tensor.elements / tensor.shape[0]);
    }
    std::vector<ImportedTensor> import(int threads = 2) {
        return import_file(trained(), target(), threads, [](double, double, const std::string&) {});
    }
    std::string message() {
        try {
            import();
        } catch (const core::Error& error) {
            return error.what();
        }
        return "nothing thrown";
    }

    core::TemporaryFolder folder_;
};

TEST_P(ImportFileTest, EveryWeightComesBackExactly) {
    write_trained();
    std::uint64_t packed = 0;
    for (const ImportedTensor& tensor : import()) packed += tensor.how == "packed" ? tensor.weights : 0;
    const model::GgufFile before(stock()), after(target());
    EXPECT_GT(packed, before.parameters() / 2);
    for (const auto& tensor : before.tensors())
        ASSERT_EQ(decoded(before, tensor), decoded(after, *after.tensor(tensor.name))) << tensor.name;
}

INSTANTIATE_TEST_SUITE_P(Mixes, ImportFileTest, ::testing::Values("Q2_K", "Q3_K_M", "IQ3_S", "IQ2_XS", "Q4_0"),
                         [](const auto& mix) { return std::string(mix.param); });

class ImportRefusal : public ImportFileTest {};

TEST_P(ImportRefusal, NamesTensorRowAndWeightsBesideTheGrid) {
    write_trained([](const std::string& name, std::vector<float>& values) {
        if (name == "blk.1.ffn_up.weight") values[3 * 256 + 9] = std::nextafter(values[3 * 256 + 9], 10.0f);
    });
    EXPECT_THAT(message(), AllOf(HasSubstr("blk.1.ffn_up.weight does not lie on the grid of Q2_K"),
                                 HasSubstr("row 3, weights 0 to 255")));
}

TEST_P(ImportRefusal, NamesAMissingTensorAndAnotherShape) {
    write_trained({}, "blk.1.ffn_up.weight");
    EXPECT_THAT(message(), HasSubstr("no tensor blk.1.ffn_up.weight"));
}

TEST_P(ImportRefusal, PackedTensorsOfTheSameTypeAreCopied) {
    core::fs::copy_file(stock(), trained());
    for (const ImportedTensor& tensor : import()) EXPECT_EQ(tensor.how, "copied");
    EXPECT_EQ(core::read_file(target()), core::read_file(stock()));
}

INSTANTIATE_TEST_SUITE_P(Mixes, ImportRefusal, ::testing::Values("Q2_K"),
                         [](const auto& mix) { return std::string(mix.param); });

}  // namespace
}  // namespace scale::quantize

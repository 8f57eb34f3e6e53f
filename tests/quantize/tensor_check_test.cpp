#include "quantize/tensor_check.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"

namespace scale::quantize {
namespace {

using testing::HasSubstr;

struct TestTensor {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::vector<float> values;
};

// Files of F32 tensors, without metadata.
class TensorCheckTest : public testing::Test {
  protected:
    model::GgufFile write(const std::vector<TestTensor>& tensors) {
        std::string bytes = "GGUF";
        const auto put = [&](auto value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
        put(std::uint32_t{3});
        put(std::uint64_t{tensors.size()});
        put(std::uint64_t{0});
        std::uint64_t offset = 0;
        for (const TestTensor& tensor : tensors) {
            put(std::uint64_t{tensor.name.size()});
            bytes += tensor.name;
            put(static_cast<std::uint32_t>(tensor.shape.size()));
            for (const std::uint64_t length : tensor.shape) put(length);
            put(std::uint32_t{0});  // F32
            put(offset);
            offset += (tensor.values.size() * 4 + 31) / 32 * 32;
        }
        bytes.resize((bytes.size() + 31) / 32 * 32);
        for (const TestTensor& tensor : tensors) {
            bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4);
            bytes.resize((bytes.size() + 31) / 32 * 32);
        }
        const auto path = folder_.path() / fmt::format("{}.gguf", ++written_);
        core::write_file_atomic(path, bytes);
        return model::GgufFile(path);
    }

    static std::vector<float> decode(std::uint32_t, const std::byte* data, std::uint64_t row, std::uint64_t rows) {
        std::vector<float> values(row * rows);
        std::memcpy(values.data(), data, values.size() * 4);
        return values;
    }

    std::string refusal(const std::vector<TestTensor>& original, const std::vector<TestTensor>& artefact) {
        try {
            check_tensors(write(original), write(artefact), decode, {});
            return "accepted";
        } catch (const core::Error& error) {
            return error.found();
        }
    }

    core::TemporaryFolder folder_;
    int written_ = 0;
};

TEST_F(TensorCheckTest, EqualsTheHandComputedFigures) {
    const auto original = write({{"w", {2, 2}, {3, 0, 0, 4}}});
    const auto artefact = write({{"w", {2, 2}, {3, 0, 3, 4}}});
    const auto check = compare_tensor(original, original.tensors()[0], artefact, artefact.tensors()[0], decode);
    EXPECT_NEAR(check.relative_error, 3.0 / 5, 1e-12);
    EXPECT_NEAR(check.cosine, 25 / (5 * std::sqrt(34.0)), 1e-12);
    EXPECT_EQ(check.type, "F32");
    EXPECT_EQ(check.bytes, 16u);
}

TEST_F(TensorCheckTest, ComparesLongTensorsInPieces) {
    std::vector<float> values(3 * (1 << 21));  // 3 rows of 2^21, two pieces
    core::Random random(1);
    for (float& value : values) value = static_cast<float>(random.normal());
    auto changed = values;
    changed.back() += 100;
    const std::vector<std::uint64_t> shape{1 << 21, 3};
    const auto original = write({{"w", shape, values}});
    const auto artefact = write({{"w", shape, changed}});
    double norm = 0;
    for (const float value : values) norm += static_cast<double>(value) * value;
    EXPECT_NEAR(compare_tensor(original, original.tensors()[0], artefact, artefact.tensors()[0], decode).relative_error,
                100 / std::sqrt(norm), 1e-6);
}

TEST_F(TensorCheckTest, NamesWhatIsUnsound) {
    const TestTensor sound{"w", {2, 2}, {1, 2, 3, 4}};
    EXPECT_EQ(refusal({sound}, {sound}), "accepted");
    EXPECT_THAT(refusal({sound}, {{"v", {2, 2}, {1, 2, 3, 4}}}), HasSubstr("no tensor w"));
    EXPECT_THAT(refusal({sound}, {{"w", {4}, {1, 2, 3, 4}}}), HasSubstr("w has shape 4"));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(refusal({sound}, {{"w", {2, 2}, {1, 2, nan, 4}}}), HasSubstr("not finite"));
    EXPECT_THAT(refusal({sound}, {{"w", {2, 2}, {4, 3, 2, 1}}}), HasSubstr("w (F32) has cosine 0.6667"));
    EXPECT_THAT(refusal({sound}, {{"w", {2, 2}, {0, 0, 0, 0}}}), HasSubstr("cosine 0.0000"));
    EXPECT_EQ(refusal({{"w", {2}, {0, 0}}}, {{"w", {2}, {0, 0}}}), "accepted");
    EXPECT_THAT(refusal({{"w", {2}, {0, 0}}}, {{"w", {2}, {0, 1}}}), HasSubstr("cosine 0.0000"));
}

TEST(CosineFloor, FollowsTheGaussianBound) {
    EXPECT_NEAR(cosine_floor(3.4375), std::sqrt(1 - 4 * 0.0345), 1e-12);
    EXPECT_NEAR(cosine_floor(4.5), 0.9808, 1e-4);
    EXPECT_NEAR(cosine_floor(2.0625), 0.7280, 1e-4);
    EXPECT_EQ(cosine_floor(8.5), 0.999);
    EXPECT_EQ(cosine_floor(1.5), 0.5);
    double previous = 0;
    for (const double bits : {1.5, 2.6, 3.4, 4.5, 5.5, 6.6, 8.5, 16.0}) {
        EXPECT_GE(cosine_floor(bits), previous);
        previous = cosine_floor(bits);
    }
}

}  // namespace
}  // namespace scale::quantize

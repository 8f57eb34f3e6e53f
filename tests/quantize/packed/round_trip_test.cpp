#include <cstdlib>
#include <cstring>
#include <rapidcheck.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const int draws_are_fixed = ::setenv("RC_PARAMS", "seed=20261130 max_success=40", 0);

UniformMatrix random_matrix(const CheckpointFormat& format, int rows, int columns, int group, model::Element type,
                            std::uint64_t seed) {
    core::Random random(seed);
    const UniformGrid grid = grid_of(format, group, type);
    UniformMatrix matrix{rows, columns, grid.width(columns), {}, {}};
    const auto codes = static_cast<std::uint64_t>(grid.codes());
    for (int i = 0; i < rows * columns; ++i) matrix.codes.push_back(static_cast<std::uint8_t>(random.below(codes)));
    for (int i = 0; i < rows * matrix.groups(); ++i)
        matrix.scales.push_back({stored_scale(grid.scales, static_cast<float>(random.normal() * 0.01)),
                                 grid.symmetric ? grid.middle() : static_cast<int>(random.below(codes))});
    return matrix;
}

void expect_equal(const UniformMatrix& a, const UniformMatrix& b) {
    ASSERT_EQ(a.codes, b.codes);
    ASSERT_EQ(a.scales.size(), b.scales.size());
    for (std::size_t i = 0; i < a.scales.size(); ++i) {
        ASSERT_EQ(a.scales[i].scale, b.scales[i].scale) << i;
        ASSERT_EQ(a.scales[i].zero, b.scales[i].zero) << i;
    }
}

TEST(Packed, EveryIntegerAndScaleComesBack) {
    rc::check([] {
        const auto& formats = checkpoint_formats();
        const CheckpointFormat& format = formats[*rc::gen::inRange<std::size_t>(0, formats.size())];
        const int group = *rc::gen::element(32, 64, 128);
        const int rows = 32 * *rc::gen::inRange(1, 4), columns = group * *rc::gen::inRange(1, 4);
        const auto type = *rc::gen::element(model::Element::f16, model::Element::bf16, model::Element::f32);
        const UniformMatrix matrix = random_matrix(format, rows, columns, group, type, *rc::gen::inRange(0, 1 << 20));
        const auto tensors = pack(format, matrix, type);
        const auto layout = packed_layout(format, rows, columns, group, type);
        RC_ASSERT(tensors.size() == layout.size());
        for (std::size_t i = 0; i < layout.size(); ++i) {
            RC_ASSERT(tensors[i].suffix == layout[i].suffix);
            RC_ASSERT(tensors[i].shape == layout[i].shape);
        }
        const UniformMatrix back = unpack(format, tensors, rows, columns, group);
        RC_ASSERT(back.codes == matrix.codes);
        expect_equal(back, matrix);
        RC_ASSERT(!::testing::Test::HasFailure());
    });
}

std::vector<std::uint32_t> words_of(const std::vector<PackedTensor>& tensors, const std::string& suffix) {
    for (const PackedTensor& tensor : tensors)
        if (tensor.suffix == suffix) {
            std::vector<std::uint32_t> words(tensor.bytes.size() / sizeof(std::uint32_t));
            std::memcpy(words.data(), tensor.bytes.data(), tensor.bytes.size());
            return words;
        }
    return {};
}

// Codes that name their place: code(n, k) = (n + 3 k) mod 16.
UniformMatrix telling(const CheckpointFormat& format, int group) {
    UniformMatrix matrix{32, 32, group == 0 ? 32 : group, {}, {}};
    for (int n = 0; n < 32; ++n)
        for (int k = 0; k < 32; ++k) matrix.codes.push_back(static_cast<std::uint8_t>((n + 3 * k) % 16));
    const int middle = 1 << (format.bits - 1);
    for (int n = 0; n < 32; ++n) matrix.scales.push_back({0.5f, format.symmetric ? middle : n % 16});
    return matrix;
}

TEST(Packed, GptqPacksAlongInputsAndStoresZerosMinusOne) {
    const CheckpointFormat& format = *find_checkpoint_format("gptq");
    const auto tensors = pack(format, telling(format, 32), model::Element::f16);
    const auto words = words_of(tensors, "qweight");
    // Output 1, inputs 0…7: 1 + 3k mod 16 = 1, 4, 7, a, d, 0, 3, 6, lowest first.
    EXPECT_EQ(words[1], 0x630da741u);
    EXPECT_EQ(words_of(tensors, "qzeros"), std::vector<std::uint32_t>(4, 0x77777777u));
    EXPECT_EQ(words_of(tensors, "g_idx"), std::vector<std::uint32_t>(32, 0u));
    const CheckpointFormat& wide = *find_checkpoint_format("gptq-8bit");
    EXPECT_EQ(words_of(pack(wide, telling(wide, 32), model::Element::f16), "qzeros"),
              std::vector<std::uint32_t>(8, 0x7f7f7f7fu));
}

TEST(Packed, AwqInterleavesOutputs) {
    const CheckpointFormat& format = *find_checkpoint_format("awq");
    const auto tensors = pack(format, telling(format, 32), model::Element::f16);
    // Input 0, outputs 0…7 are the codes 0…7; nibbles hold outputs 0, 2, 4, 6, 1, 3, 5, 7, lowest first.
    EXPECT_EQ(words_of(tensors, "qweight")[0], 0x75316420u);
    EXPECT_EQ(words_of(tensors, "qzeros")[0], 0x75316420u);
    EXPECT_EQ(words_of(tensors, "qzeros")[1], 0xfdb9eca8u);
}

TEST(Packed, CompressedTensorsPacksWeightsAlongInputsAndZerosAlongOutputs) {
    const CheckpointFormat& format = *find_checkpoint_format("w4a16-asym");
    const auto tensors = pack(format, telling(format, 32), model::Element::bf16);
    EXPECT_EQ(words_of(tensors, "weight_packed")[4], 0x630da741u);  // the first of output 1
    EXPECT_THAT(words_of(tensors, "weight_zero_point"),
                ElementsAre(0x76543210u, 0xfedcba98u, 0x76543210u, 0xfedcba98u));
    EXPECT_THAT(words_of(tensors, "weight_shape"), ElementsAre(32u, 0u, 32u, 0u));
}

TEST(Packed, Int8IsTheSignedCode) {
    const CheckpointFormat& format = *find_checkpoint_format("w8a8");
    UniformMatrix matrix = telling(format, 0);
    matrix.codes[0] = 0;
    matrix.codes[1] = 128;
    matrix.codes[2] = 255;
    const auto tensors = pack(format, matrix, model::Element::f16);
    EXPECT_EQ(tensors[0].type, model::Element::i8);
    EXPECT_EQ(static_cast<int>(static_cast<std::int8_t>(tensors[0].bytes[0])), -128);
    EXPECT_EQ(static_cast<int>(static_cast<std::int8_t>(tensors[0].bytes[1])), 0);
    EXPECT_EQ(static_cast<int>(static_cast<std::int8_t>(tensors[0].bytes[2])), 127);
}

std::string error_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const core::Error& error) {
        return error.what();
    }
    return {};
}

TEST(Packed, WhatDoesNotFitIsRefused) {
    const CheckpointFormat& gptq = *find_checkpoint_format("gptq");
    UniformMatrix matrix = telling(gptq, 32);
    matrix.codes[5] = 16;
    EXPECT_THAT(error_of([&] { pack(gptq, matrix, model::Element::f16); }), HasSubstr("a code of 16 in 4 bits"));
    matrix.codes[5] = 15;
    matrix.scales[3].zero = 0;  // asymmetric GPTQ has no reader any more, and 0 − 1 would borrow from the next field
    EXPECT_THAT(error_of([&] { pack(gptq, matrix, model::Element::f16); }), HasSubstr("a zero point of 0 in gptq"));
    EXPECT_THAT(shape_fault(gptq, 32, 96, 64), HasSubstr("96 inputs are no multiple of the group of 64"));
    EXPECT_THAT(shape_fault(gptq, 40, 64, 64), HasSubstr("40 outputs"));
    EXPECT_EQ(shape_fault(*find_checkpoint_format("w8a8"), 32, 96, 64), "");
}

TEST(Packed, ReadersRefuseWhatIsMissingOrReordered) {
    const CheckpointFormat& gptq = *find_checkpoint_format("gptq");
    auto tensors = pack(gptq, telling(gptq, 32), model::Element::f16);
    auto reordered = tensors;
    reordered[3].bytes[4 * 7] = std::byte{1};
    EXPECT_THAT(error_of([&] { unpack(gptq, reordered, 32, 32, 32); }), HasSubstr("input 7 belongs to group 1"));
    tensors.pop_back();
    EXPECT_THAT(error_of([&] { unpack(gptq, tensors, 32, 32, 32); }), HasSubstr("no g_idx"));
}

}  // namespace
}  // namespace scale::quantize
